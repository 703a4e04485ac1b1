#!/bin/sh
# A sort and temporary tables that do not fit in memory, an ALTER that rebuilds a table.
set -eu
. "$(dirname "$0")/../lib/common.sh"
. "$(dirname "$0")/sql.sh"
last=$(sql -e "SET SESSION sort_buffer_size = 65536, tmp_memory_table_size = 65536, max_heap_table_size = 65536;
    SELECT h FROM (SELECT MD5(seq) h, REPEAT(MD5(seq), 4) t FROM seq_1_to_200000) x ORDER BY t LIMIT 199999, 1") ||
    fail "the sort failed"
[ -n "$last" ] || fail "the sort gave no row"
groups=$(sql -e "SET SESSION tmp_memory_table_size = 65536, max_heap_table_size = 65536;
    SELECT COUNT(*) FROM (SELECT MD5(seq % 50000) h, COUNT(*) FROM seq_1_to_150000 GROUP BY h) x") || fail "GROUP BY failed"
[ "$groups" = 50000 ] || fail "GROUP BY gave $groups groups instead of 50000"
sql -e "DROP TABLE IF EXISTS wide; CREATE TABLE wide (id INT PRIMARY KEY, t VARCHAR(200)) AS SELECT seq id, REPEAT(MD5(seq), 5) t FROM seq_1_to_60000" ||
    fail "CREATE TABLE failed"
sql -e 'ALTER TABLE wide ADD INDEX (t), ALGORITHM=INPLACE; ALTER TABLE wide ENGINE=Aria; OPTIMIZE TABLE wide' > /dev/null || fail "ALTER failed"
sql -e 'DROP TABLE wide' || fail "DROP failed"
