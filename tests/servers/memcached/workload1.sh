#!/bin/sh
# Fills all of its 64 MB until values are evicted, by four connections.
set -eu
. "$(dirname "$0")/../lib/common.sh"
exec python3 "$lib/memcached.py" "$LACRE_MEMCACHED_11211" fill 120
