#!/bin/sh
# Sets, gets, counts and deletes a few values.
set -eu
cache() { python3 "$(dirname "$0")/../lib/memcached.py" "$LACRE_MEMCACHED_11211" "$@"; }
cache set greeting hello
[ "$(cache get greeting)" = hello ]
cache set visits 1
cache incr visits 5
[ "$(cache get visits)" = 6 ]
cache delete greeting
cache version | grep -q VERSION
