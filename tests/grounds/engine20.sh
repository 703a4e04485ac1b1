#!/bin/bash
# The inside of an Engine20: run in new mount and network namespaces, it becomes the machine's own dockerd with a
# configuration and a place of its own.
#
#   engine20.sh DATA CONFIG RUN_DIRECTORY NETWORK       (started by engine26.py, which hands in the other end of `up0`)
set -euo pipefail
. "$(dirname "$0")/network.sh"
data=$1 config=$2 run=$3 network=$4

mount --make-rprivate /
for directory in /run/docker /run/containerd; do # else it would take the machine's containerd and plugins for its own
    mkdir -p "$directory"
    mount -t tmpfs tmpfs "$directory"
done
# crun wants the control groups of version 1 or 2, not both side by side.
umount -l /sys/fs/cgroup/unified 2> /dev/null || true
# A remapped root must be able to reach its data, which a cache in somebody's home is not made for.
mount --bind "$data" /mnt
if [ -e "$run/subuid" ]; then
    mount --bind "$run/subuid" /etc/subuid
    mount --bind "$run/subuid" /etc/subgid
fi

join_network "$network"

exec dockerd --config-file "$config" -H "unix://$run/docker.sock" \
    --data-root /mnt --exec-root "$run/exec" -p "$run/dockerd.pid" \
    --bip "$network.254.1/24" --default-address-pool "base=$network.0.0/17,size=24"
