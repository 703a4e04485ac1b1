# Sourced by the exercise and the workloads of this server.
# shellcheck shell=sh
export MYSQL_PWD=example
sql() {
    mariadb --protocol=TCP -h "${LACRE_MARIADB_3306%:*}" -P "${LACRE_MARIADB_3306##*:}" --connect-timeout=10 \
        -uroot --batch --skip-column-names shop "$@"
}
