#!/bin/sh
# Starts bluetoothd in the background, at boot, and for a test that has stopped it (pkill bluetoothd; start-bluetoothd).
# -E: experimental interfaces, which advertising intervals need.
for daemon in /usr/libexec/bluetooth/bluetoothd /usr/lib/bluetooth/bluetoothd /usr/sbin/bluetoothd; do
    if [ -x "$daemon" ]; then
        setsid "$daemon" -n -E >>/var/log/lab/bluetoothd.log 2>&1 </dev/null &
        exit
    fi
done
echo "There is no bluetoothd in the guest." >&2
exit 1
