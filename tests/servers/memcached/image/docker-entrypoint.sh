#!/bin/sh
set -e
# `docker run memcached -m 128`: only options mean memcached.
if [ "${1#-}" != "$1" ]; then
    set -- memcached "$@"
fi
exec "$@"
