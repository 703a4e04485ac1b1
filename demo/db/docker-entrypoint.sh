#!/bin/bash
# In short what the official image does: as root make and chown the directories, become postgres;
# as postgres make the cluster once, with a temporary server on a Unix socket, then run the server.
set -Eeo pipefail

create_directories() {
    mkdir -p "$PGDATA"
    chmod 00700 "$PGDATA" || :
    mkdir -p /var/run/postgresql || :
    chmod 03775 /var/run/postgresql || :
    if [ "$(id -u)" = 0 ]; then
        find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
        find /var/run/postgresql \! -user postgres -exec chown postgres '{}' +
    fi
}

initialize() {
    initdb --username="$POSTGRES_USER" --auth-host=scram-sha-256 --auth-local=trust \
        --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD")
    printf '\nhost all all all scram-sha-256\n' >> "$PGDATA/pg_hba.conf"
    PGUSER=$POSTGRES_USER pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -p 5432" -w start
    if [ "$POSTGRES_DB" != postgres ]; then
        psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --no-password --dbname postgres \
            --set db="$POSTGRES_DB" <<< 'CREATE DATABASE :"db" ;'
    fi
    local file
    for file in /docker-entrypoint-initdb.d/*.sql; do
        [ -e "$file" ] || continue
        echo "$0: running $file"
        psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --no-password --dbname "$POSTGRES_DB" -f "$file"
    done
    PGUSER=$POSTGRES_USER pg_ctl -D "$PGDATA" -m fast -w stop
    echo 'PostgreSQL init process complete; ready for start up.'
}

if [ "$1" = postgres ]; then
    create_directories
    if [ "$(id -u)" = 0 ]; then
        exec gosu postgres "$BASH_SOURCE" "$@"
    fi
    POSTGRES_USER=${POSTGRES_USER:-postgres}
    POSTGRES_DB=${POSTGRES_DB:-$POSTGRES_USER}
    if [ ! -s "$PGDATA/PG_VERSION" ]; then
        if [ -n "$POSTGRES_PASSWORD_FILE" ]; then
            POSTGRES_PASSWORD=$(< "$POSTGRES_PASSWORD_FILE")
        fi
        if [ -z "$POSTGRES_PASSWORD" ]; then
            echo 'Error: Database is uninitialized and superuser password is not specified.' >&2
            exit 1
        fi
        initialize
    fi
    unset POSTGRES_PASSWORD
    set -- "$@" -c listen_addresses='*'
fi
exec "$@"
