#!/bin/sh
# As the official image does: a start-up step that edits the configuration if it may, and goes on if not.
set -eu

conf=/etc/nginx/conf.d/default.conf
if [ "$1" = nginx ]; then
    if ! touch "$conf" 2>/dev/null; then
        echo "docker-entrypoint.sh: info: can not modify $conf (read-only file system?)"
    elif [ -f /proc/net/if_inet6 ] && ! grep -q 'listen \[::\]:80' "$conf"; then
        sed -i 's/listen 80;/listen 80;\n    listen [::]:80;/' "$conf"
        echo "docker-entrypoint.sh: info: enabled listen on IPv6 in $conf"
    fi
fi
exec "$@"
