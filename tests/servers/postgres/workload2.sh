#!/bin/sh
# A parallel hash join whose shared hash table is more than Docker's usual 64 MB of /dev/shm.
set -eu
. "$(dirname "$0")/../lib/common.sh"
. "$(dirname "$0")/sql.sh"

sql -c 'DROP TABLE IF EXISTS big' \
    -c "CREATE UNLOGGED TABLE big AS SELECT n id, md5(n::text) t FROM generate_series(1, 1000000) n" \
    -c 'ANALYZE big' || fail "making the table failed"
parallel="SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
    SET work_mem = '160MB'; SET enable_mergejoin = off; SET enable_nestloop = off;"
query="SELECT count(*) FROM big a JOIN big b USING (t) WHERE a.id % 3 <> 5"
sql -c "$parallel" -c "EXPLAIN (COSTS OFF) $query" | grep -q 'Parallel Hash' || fail "the plan is not parallel"
rows=$(sql -c "$parallel" -c "$query") || fail "the parallel join failed"
[ "$rows" = 1000000 ] || fail "the parallel join gave $rows rows instead of 1000000"
sql -c 'DROP TABLE big' || fail "DROP TABLE failed"
