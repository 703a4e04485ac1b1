#!/bin/sh
# Workers are replaced (HUP), added (TTIN) and taken away (TTOU) under requests.
set -eu
. "$(dirname "$0")/../lib/common.sh"
url=http://$LACRE_GUNICORN_8000
pid=$(container_pid gunicorn)
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
for _ in 1 2 3; do
    (i=0; while [ $i -lt 40 ]; do
        curl -fsS -m 20 --retry 3 --retry-all-errors -o /dev/null "$url/" 2>> "$errors" || echo failed >> "$errors"
        i=$((i + 1))
    done) &
done
for signal in TTIN HUP TTOU; do
    sleep 1
    kill -"$signal" "$pid" || fail "cannot signal the main process $pid"
done
wait
! grep -q failed "$errors" || fail "requests failed: $(sort "$errors" | uniq -c | head -3)"
curl -fsS -m 20 -o /dev/null "$url/" || fail "no answer after the signals"
