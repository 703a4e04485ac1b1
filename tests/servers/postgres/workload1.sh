#!/bin/sh
# A sort that spills to temporary files, then VACUUM, ANALYZE and a checkpoint.
set -eu
. "$(dirname "$0")/../lib/common.sh"
. "$(dirname "$0")/sql.sh"

last=$(sql -c "SET work_mem = '1MB'" -c "SET max_parallel_workers_per_gather = 0" \
    -c "SELECT h FROM (SELECT md5(n::text) h FROM generate_series(1, 800000) n) t ORDER BY h OFFSET 799999") ||
    fail "the sort failed"
[ -n "$last" ] || fail "the sort gave no row"
sql -c 'DROP TABLE IF EXISTS wide' -c "CREATE TABLE wide AS SELECT n, repeat(md5(n::text), 8) t FROM generate_series(1, 100000) n" ||
    fail "CREATE TABLE failed"
sql -c 'VACUUM ANALYZE wide' || fail "VACUUM failed"
sql -c 'CREATE INDEX ON wide (t)' || fail "CREATE INDEX failed"
sql -c 'CHECKPOINT' -c 'DROP TABLE wide' || fail "CHECKPOINT failed"
