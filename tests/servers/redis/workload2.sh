#!/bin/sh
# Lua, publish/subscribe, transactions, streams, a blocking pop, a debug dump and restore of a value.
set -eu
. "$(dirname "$0")/../lib/common.sh"
exec python3 "$lib/redis_features.py" "$LACRE_REDIS_6379"
