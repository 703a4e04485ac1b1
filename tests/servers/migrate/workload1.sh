#!/bin/sh
# Many visits at once: SQLite's locks and journal.
set -eu
. "$(dirname "$0")/../lib/common.sh"
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
for _ in 1 2 3 4; do
    (i=0; while [ $i -lt 25 ]; do
        curl -fsS -m 20 -o /dev/null "http://$LACRE_APP_8000/" 2>> "$errors" || echo failed >> "$errors"
        i=$((i + 1))
    done) &
done
wait
[ ! -s "$errors" ] || fail "$(sort "$errors" | uniq -c | head -3)"
