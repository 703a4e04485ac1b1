#!/bin/sh
# Reload (HUP) and reopening of logs (USR1) under requests: none may fail.
set -eu
. "$(dirname "$0")/../lib/common.sh"
url=http://$LACRE_NGINX_80
pid=$(container_pid nginx)
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

for _ in 1 2 3 4; do
    (i=0; while [ $i -lt 60 ]; do
        curl -fsS -m 10 -o /dev/null "$url/" "$url/proxy/hello" 2>> "$errors" || echo failed >> "$errors"
        i=$((i + 1))
    done) &
done
for signal in HUP USR1 HUP USR1; do
    sleep 0.5
    kill -"$signal" "$pid" || fail "cannot signal the main process $pid"
done
wait
[ ! -s "$errors" ] || fail "requests failed during reload: $(sort "$errors" | uniq -c | head -3)"
sleep 1
curl -fsS -m 10 "$url/" > /dev/null || fail "no answer after the reloads"
