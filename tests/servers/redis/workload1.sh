#!/bin/sh
# 60 MB of keys, a background save and a rewrite of the append-only file, by pipelined clients.
set -eu
. "$(dirname "$0")/../lib/common.sh"
exec python3 "$lib/redis_load.py" "$LACRE_REDIS_6379"
