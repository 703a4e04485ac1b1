#!/bin/sh
# Twenty clients insert at once, one loads a file of the client's; prepared statements, FLUSH LOGS.
set -eu
. "$(dirname "$0")/../lib/common.sh"
. "$(dirname "$0")/sql.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sql -e 'DROP TABLE IF EXISTS crowd; CREATE TABLE crowd (id INT AUTO_INCREMENT PRIMARY KEY, who INT, t TEXT)' || fail "CREATE TABLE"
for n in $(seq 20); do
    (sql -e "INSERT INTO crowd (who, t) SELECT $n, REPEAT('x', 500) FROM seq_1_to_500" || echo "client $n" >> "$work/errors") &
done
wait
[ ! -s "$work/errors" ] || fail "inserts failed: $(cat "$work/errors")"
[ "$(sql -e 'SELECT COUNT(*) FROM crowd')" = 10000 ] || fail "rows are missing"
seq 5000 | sed 's/.*/99\t&/' > "$work/rows.tsv"
sql --local-infile=1 -e "LOAD DATA LOCAL INFILE '$work/rows.tsv' INTO TABLE crowd (who, t)" || fail "LOAD DATA failed"
sql -e "PREPARE s FROM 'SELECT COUNT(*) FROM crowd WHERE who = ?'; SET @w = 99; EXECUTE s USING @w" | grep -qx 5000 || fail "prepared statement"
sql -e 'FLUSH LOGS; FLUSH TABLES; ANALYZE TABLE crowd' > /dev/null || fail "FLUSH failed"
sql -e 'DROP TABLE crowd' || fail "DROP failed"
