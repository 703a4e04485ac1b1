#!/bin/sh
# As the official image does: as root give the data to redis, then become redis.
set -e

if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
    find . \! -user redis -exec chown redis '{}' +
    exec setpriv --reuid redis --regid redis --clear-groups -- "$0" "$@"
fi

# A file that redis makes is readable by nobody else unless somebody asked for it.
if [ "$(umask)" = 0022 ]; then
    umask 0077
fi
exec "$@"
