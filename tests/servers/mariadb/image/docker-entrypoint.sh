#!/bin/bash
# In short what the official image does: as root give the directories to mysql and become mysql; then make the
# database once, with a temporary server on a Unix socket, and run the server.
set -eo pipefail

data=/var/lib/mysql socket=/run/mysqld/mysqld.sock

initialize() {
    echo 'Initializing database files'
    mariadb-install-db --datadir="$data" --auth-root-authentication-method=normal --skip-test-db > /dev/null
    mariadbd --skip-networking --socket="$socket" &
    local server=$! tries=0
    until mariadb-admin --socket="$socket" -uroot ping > /dev/null 2>&1; do
        tries=$((tries + 1))
        [ $tries -lt 120 ] || { echo 'Error: the temporary server did not start' >&2; exit 1; }
        sleep 0.5
    done
    mariadb --socket="$socket" -uroot <<- SQL
	DROP USER IF EXISTS root@'127.0.0.1', root@'::1';
	CREATE USER root@'%' IDENTIFIED BY '$MARIADB_ROOT_PASSWORD';
	GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;
	ALTER USER root@localhost IDENTIFIED BY '$MARIADB_ROOT_PASSWORD';
	CREATE DATABASE IF NOT EXISTS \`${MARIADB_DATABASE:-app}\`;
	SQL
    mariadb-admin --socket="$socket" -uroot -p"$MARIADB_ROOT_PASSWORD" shutdown
    wait "$server"
    echo 'Database initialized'
}

if [ "${1:0:1}" = - ]; then
    set -- mariadbd "$@"
fi
if [ "$1" = mariadbd ]; then
    if [ "$(id -u)" = 0 ]; then
        mkdir -p "$data"
        find "$data" \! -user mysql -exec chown mysql: '{}' +
        find "${socket%/*}" -maxdepth 0 \! -user mysql -exec chown mysql: '{}' \;
        exec gosu mysql "${BASH_SOURCE[0]}" "$@"
    fi
    if [ ! -d "$data/mysql" ]; then
        if [ -z "$MARIADB_ROOT_PASSWORD" ]; then
            echo 'Error: database is uninitialized and MARIADB_ROOT_PASSWORD is not set' >&2
            exit 1
        fi
        initialize
    fi
fi
exec "$@"
