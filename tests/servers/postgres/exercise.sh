#!/bin/sh
# A table, an index, a transaction, a few queries; at the second start the rows must still be there.
set -eu
export PGPASSWORD=example PGCONNECT_TIMEOUT=10
sql() { psql -h "${LACRE_POSTGRES_5432%:*}" -p "${LACRE_POSTGRES_5432##*:}" -U postgres -d shop -qtAX -v ON_ERROR_STOP=1 "$@"; }

if [ "$LACRE_PHASE" = first ]; then
    sql -c 'CREATE TABLE IF NOT EXISTS item (id serial PRIMARY KEY, name text NOT NULL, price numeric)'
    sql -c 'CREATE INDEX IF NOT EXISTS item_name ON item (name)'
fi
sql <<'SQL'
BEGIN;
INSERT INTO item (name, price) SELECT 'thing ' || n, n * 1.5 FROM generate_series(1, 500) n;
UPDATE item SET price = price + 1 WHERE id % 10 = 0;
COMMIT;
SQL
case $LACRE_PHASE in
second) [ "$(sql -c 'SELECT count(*) FROM item')" -ge 1000 ] ;;
*) [ "$(sql -c 'SELECT count(*) FROM item')" -ge 500 ] ;;
esac
sql -c "SELECT name FROM item WHERE name LIKE 'thing 4%' ORDER BY price DESC LIMIT 3" | grep -q 'thing 4'
