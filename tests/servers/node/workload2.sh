#!/bin/sh
# Large uploads at once, each spooled to a temporary file.
set -eu
. "$(dirname "$0")/../lib/common.sh"
url=http://$LACRE_NODE_3000
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
head -c 12000000 /dev/urandom > "$work/body"
want="12000000 $(sha256sum "$work/body" | cut -d' ' -f1)"
for n in 1 2 3; do
    curl -fsS -m 60 -H 'Expect:' --data-binary "@$work/body" "$url/upload" > "$work/answer$n" 2>&1 &
done
wait
for n in 1 2 3; do
    [ "$(cat "$work/answer$n")" = "$want" ] || fail "upload $n: $(head -c 200 "$work/answer$n")"
done
