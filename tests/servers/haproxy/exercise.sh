#!/bin/sh
# Requests through the proxy, and its statistics page.
set -eu
url=http://$LACRE_HAPROXY_80
tries=0
until curl -fsS -m 10 -o /dev/null "$url/" 2> /dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 40 ] || { echo 'exercise.sh: the backend never came up' >&2; exit 1; }
    sleep 0.25
done
for _ in 1 2 3 4 5; do
    curl -fsS -m 10 "$url/hello" | grep -q 'hello from upstream'
done
curl -fsS -m 10 -d 'name=value' "$url/form" | grep -q '^10 '
curl -fsS -m 10 "http://$LACRE_HAPROXY_8404/stats" | grep -q 'Statistics Report'
