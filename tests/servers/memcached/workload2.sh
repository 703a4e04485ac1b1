#!/bin/sh
# Two hundred connections at once, statistics, a large value, flush_all.
set -eu
. "$(dirname "$0")/../lib/common.sh"
exec python3 "$lib/memcached.py" "$LACRE_MEMCACHED_11211" crowd 200
