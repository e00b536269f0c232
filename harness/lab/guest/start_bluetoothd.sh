#!/bin/sh
# Starts bluetoothd in the background, at boot, and for a test that has stopped it (pkill bluetoothd; start-bluetoothd).
# -E: experimental interfaces, which advertising intervals need.
for daemon in /usr/libexec/bluetooth/bluetoothd /usr/lib/bluetooth/bluetoothd; do
    [ -x "$daemon" ] && exec setsid "$daemon" -n -E >>/var/log/lab/bluetoothd.log 2>&1 </dev/null &
done
