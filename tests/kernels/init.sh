#!/bin/busybox sh
# Process 1 of the test machine: two containers under the sensor, whose records go to the serial line.
# From an initramfs nobody can pivot_root, so everything moves to a tmpfs first, and starts again there.
/bin/busybox --install -s /bin 2>/dev/null
export PATH=/bin
if [ ! -e /moved ]; then
    mkdir -p /new
    mount -t tmpfs tmpfs /new
    cp -a /bin /init /overlay.ko /lacre-sensor /acts /new/ 2>/dev/null
    touch /new/moved
    exec switch_root /new /init
fi
id=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
mkdir -p /proc /sys /dev /tmp /lower/bin /lower/proc /lower/t /lower/tmp /lower/etc /layers /c
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
exec </dev/null >/dev/ttyS0 2>&1
dmesg -n 1
[ -e /overlay.ko ] && insmod /overlay.ko
mount -t cgroup2 cgroup2 /sys/fs/cgroup
echo +memory > /sys/fs/cgroup/cgroup.subtree_control
mkdir /sys/fs/cgroup/$id
echo 24M > /sys/fs/cgroup/$id/memory.max
ifconfig lo up
cp -a /bin/. /lower/bin/
cp /acts /lower/bin/acts
ln -s tmp /lower/link

# watched NAME OPTION SCRIPT
watched() {
    mkdir -p /layers/$1/upper /layers/$1/work
    mount -t overlay overlay -o lowerdir=/lower,upperdir=/layers/$1/upper,workdir=/layers/$1/work /c
    mkfifo /in.$1
    /lacre-sensor $2 < /in.$1 > /out.$1 2> /err.$1 &
    sensor=$!
    exec 3> /in.$1
    echo "1 watch $id" >&3
    # READY and DONE have 80 bytes each, and READY a word more.
    while [ "$(stat -c %s /out.$1)" -lt 160 ] && kill -0 $sensor; do sleep 0.2; done
    mount --bind /c /c
    /acts contain /sys/fs/cgroup/$id /c /bin/sh -c "$3"
    echo "2 sync" >&3
    exec 3>&-
    wait $sensor
    echo "== errors of $1"
    cat /err.$1
    echo "== records of $1"
    base64 /out.$1
    echo "== end"
    umount /c
    umount /c
}

echo "== kernel $(uname -r)"
watched observed "" 'mkdir /tmp/a; echo x > /link/a/f; cp /bin/acts /tmp/dropped; /tmp/dropped nothing; chown 1 /tmp/a
    acts memfd; acts sockets 16:3:0,1:2:0,2:6:33; acts tcp 4321 127.0.0.1; acts udp 5000; acts map /t/code; acts deep /tmp; acts eat 60; acts files 2000 /t;
    acts identity /t/mine; rm /link/a/f'
READ_ONLY=1 NO_CHOWN=1 NO_MKDIR=1
export READ_ONLY NO_CHOWN NO_MKDIR
watched proved --refusals 'touch /link/refused; chown 1 /t; mkdir /t/x; acts innocent; acts storm 5; touch /etc/last'
watched kprobes "--refusals --capabilities kprobe" 'chown 1 /t; mkdir /t/x; cat /bin/busybox > /dev/null'
echo "== probe"
/lacre-sensor --probe
echo "== done"
poweroff -f
