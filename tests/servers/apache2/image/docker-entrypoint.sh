#!/bin/sh
# As images around Debian's apache2 do: the variables of envvars, then the server in the foreground.
set -e
. /etc/apache2/envvars
rm -f "$APACHE_PID_FILE"
# What apachectl prepares before it starts the server.
for directory in "$APACHE_RUN_DIR" "$APACHE_LOCK_DIR" "$APACHE_RUN_DIR/socks"; do
    if [ ! -d "$directory" ]; then
        mkdir -p "$directory"
        chown "$APACHE_RUN_USER" "$directory"
    fi
done
exec "$@"
