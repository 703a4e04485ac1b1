#!/bin/sh
# File reads with compression and hashes, all threads of the pool busy at once.
set -eu
. "$(dirname "$0")/../lib/common.sh"
url=http://$LACRE_NODE_3000
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
want=$(curl -fsS -m 10 "$url/hash?p=x")
for _ in 1 2 3 4 5 6 7 8; do
    (i=0; while [ $i -lt 25 ]; do
        curl -fsS -m 20 --compressed "$url/index.html" 2>> "$errors" | grep -q 'It works' || echo file >> "$errors"
        [ "$(curl -fsS -m 20 "$url/hash?p=x" 2>> "$errors")" = "$want" ] || echo hash >> "$errors"
        i=$((i + 1))
    done) &
done
wait
[ ! -s "$errors" ] || fail "requests failed: $(sort "$errors" | uniq -c | head -3)"
