#!/bin/sh
# Replaces the plug-in many times.
set -eu
. "$(dirname "$0")/../lib/common.sh"
for n in $(seq 50); do
    [ "$(curl -fsS -m 10 -d "VALUE = $n" "http://$LACRE_APP_8000/")" = "$n" ] || fail "plug-in $n was not loaded"
done
