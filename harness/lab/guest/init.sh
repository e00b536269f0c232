#!/bin/busybox sh
# The guest's first process: loads modules, starts D-Bus, bluetoothd and the radio, then becomes the zygote (zygote.py).
# The kernel's command line brings LAB_ADAPTERS; /lab/environment names the Python to use.
. /lab/environment
export PATH=/lab/bin:$LAB_SCRIPTS:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/home/lab LANG=C.UTF-8 TERM=dumb PYTHONDONTWRITEBYTECODE=1

mount() { /lab/busybox mount "$@"; }
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
/lab/busybox mkdir -p /dev/shm /dev/pts
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
/lab/busybox --install -s /usr/bin 2>/dev/null
hostname lab

for module in /lab/modules/*; do
    insmod "$module" || echo "The kernel module $module did not load."
done
ip link set lo up

dbus-daemon --system --fork
start-bluetoothd
cd /lab
"$LAB_PYTHON" -m guest.radio "$LAB_ADAPTERS" >/var/log/lab/radio.log 2>&1 &
exec "$LAB_PYTHON" -m guest.zygote
