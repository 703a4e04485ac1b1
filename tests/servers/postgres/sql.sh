# Sourced by the workloads of this server.
# shellcheck shell=sh
export PGPASSWORD=example PGCONNECT_TIMEOUT=10
sql() {
    psql -h "${LACRE_POSTGRES_5432%:*}" -p "${LACRE_POSTGRES_5432##*:}" -U postgres -d shop -qtAX -v ON_ERROR_STOP=1 "$@"
}
