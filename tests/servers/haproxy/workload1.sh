#!/bin/sh
# Reloads (USR2, HUP) under requests; afterwards only one worker may be left.
set -eu
. "$(dirname "$0")/../lib/common.sh"
url=http://$LACRE_HAPROXY_80
pid=$(container_pid haproxy)
workers() { pgrep -c -P "$pid" haproxy || :; }
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

for _ in 1 2 3; do
    (i=0; while [ $i -lt 60 ]; do
        # a moment without a server (503) or a listener is tried again: what must not happen is that it stays so
        curl -fsS -m 20 --retry 5 --retry-delay 1 --retry-connrefused -o /dev/null "$url/hello" 2>> "$errors" ||
            echo failed >> "$errors"
        i=$((i + 1))
        sleep 0.03
    done) &
done
for signal in USR2 HUP USR2; do
    sleep 0.7
    kill -"$signal" "$pid" || fail "cannot signal the master $pid"
done
wait
# A connection or two may be cut while a listening socket changes hands; not more.
[ "$(grep -c failed "$errors")" -le 2 ] || fail "requests failed during reload: $(sort "$errors" | uniq -c | head -3)"
tries=0
while [ "$(workers)" != 1 ]; do
    tries=$((tries + 1))
    [ $tries -lt 40 ] || fail "$(workers) workers are there 10 s after the last reload"
    sleep 0.25
done
curl -fsS -m 10 -o /dev/null "$url/hello" || fail "no answer after the reloads"
