#!/bin/sh
# Graceful reload (USR1) and reload (HUP) under requests, a cache that is really used, old workers gone.
set -eu
. "$(dirname "$0")/../lib/common.sh"
url=http://$LACRE_APACHE2_80
pid=$(container_pid apache2)
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
for _ in 1 2 3; do
    (i=0; while [ $i -lt 50 ]; do
        curl -fsS -m 10 --retry 2 --retry-connrefused -o /dev/null "$url/" "$url/cgi-bin/hello.cgi" 2>> "$errors" || echo failed >> "$errors"
        i=$((i + 1))
    done) &
done
for signal in USR1 USR1; do
    sleep 0.6
    kill -"$signal" "$pid" || fail "cannot signal the main process $pid"
done
wait
! grep -q failed "$errors" || fail "requests failed during reload: $(sort "$errors" | uniq -c | head -3)"
kill -HUP "$pid"
sleep 1.5
curl -fsS -m 10 "$url/cgi-bin/hello.cgi" | grep -q hello || fail "no CGI after HUP"

# A page that comes from the cache has an Age.
curl -fsS -m 10 -o /dev/null "$url/cached/index.html?w2"
sleep 1.2
curl -fsS -m 10 -o /dev/null -D - "$url/cached/index.html?w2" | grep -qi '^Age:' || fail "the disk cache is not used"
