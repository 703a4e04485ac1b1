#!/bin/sh
# Writes a few keys of each kind; at the second start they must still be there.
set -eu
redis() { python3 "$(dirname "$0")/../lib/resp.py" "$LACRE_REDIS_6379" "$@"; }

redis PING | grep -q PONG
if [ "$LACRE_PHASE" = second ]; then
    [ "$(redis GET greeting)" = hello ]
    [ "$(redis LLEN queue)" -ge 3 ]
else
    redis SET greeting hello
    redis RPUSH queue a b c
fi
redis INCR visits
redis HSET user name ana age 31
redis EXPIRE user 600
redis INFO server | grep -q redis_version
