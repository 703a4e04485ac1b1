#!/bin/sh
set -e
if [ "${1#-}" != "$1" ]; then
    set -- haproxy "$@"
fi
if [ "$1" = haproxy ]; then
    shift
    # Master and worker in the foreground; a reload is SIGUSR2 (or SIGHUP) to the master.
    set -- haproxy -W -db "$@"
fi
exec "$@"
