#!/bin/bash
# The inside of grounds B, C and E: run in new mount and network namespaces, it makes the tree of a Debian 13 its root
# and becomes dockerd there. In a mere chroot runc's own pivot_root would fail.
#
# PROGRAMS in the environment is a directory with an engine that goes before the tree's own.
#
#   engine26.sh TREE STORE RUN_DIRECTORY NETWORK [FLAG...]       (started by engine26.py, which hands in the other end of `up0`)
#
# The network namespace is its own since a second dockerd in the host's flushes the first one's iptables chains and
# may take its bridge away.
set -euo pipefail
. "$(dirname "$0")/network.sh"
tree=$1 store=$2 run=$3 network=$4

mount --make-rprivate /
mount --bind "$tree" "$tree"
cd "$tree"
mkdir -p old ".$run"
mount -t proc proc proc
# A fresh sysfs shows this network namespace; what is mounted below the old one is needed as it is.
mount -t sysfs sysfs sys
for below in cgroup bpf; do
    mount --rbind "/sys/fs/$below" "sys/fs/$below"
done
for below in security tracing debug; do
    mount --rbind "/sys/kernel/$below" "sys/kernel/$below" 2> /dev/null || true
done
mount --rbind /dev dev
mount --bind "$run" ".$run"
[ -z "${PROGRAMS:-}" ] || mount --bind "$PROGRAMS" usr/local/bin
# Bind sources are looked up in the daemon's mount namespace: show it the directories that tests mount from.
for directory in /*/; do
    directory=${directory%/}
    case $directory in
    /bin | /boot | /dev | /etc | /lib* | /lost+found | /old | /proc | /run | /sbin | /sys | /usr | /var) continue ;;
    esac
    [ ! -L "$directory" ] || continue
    mkdir -p ".$directory"
    mount --bind "$directory" ".$directory"
done
pivot_root . old
cd /
umount -l /old

join_network "$network"

[ "$store" = containerd ] && snapshotter=true || snapshotter=false
mkdir -p /etc/docker
echo "{\"features\": {\"containerd-snapshotter\": $snapshotter}}" > "/etc/docker/$store.json"
exec dockerd --config-file "/etc/docker/$store.json" -H "unix://$run/docker.sock" \
    --data-root "/var/lib/docker-$store" --exec-root "$run/exec" -p "$run/dockerd.pid" \
    --bip "$network.254.1/24" --default-address-pool "base=$network.0.0/17,size=24" "${@:5}"
