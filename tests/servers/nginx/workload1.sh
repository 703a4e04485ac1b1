#!/bin/sh
# A 40 MB upload that nginx spools to disk, and a download whose client is slower than the upstream.
set -eu
. "$(dirname "$0")/../lib/common.sh"
url=http://$LACRE_NGINX_80
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

head -c 40000000 /dev/urandom > "$work/body"
want="40000000 $(sha256sum "$work/body" | cut -d' ' -f1)"
got=$(curl -fsS -m 60 --data-binary "@$work/body" -H 'Expect:' "$url/proxy/upload") || fail "upload failed"
[ "$got" = "$want" ] || fail "upload came through changed: $got instead of $want"

size=$(curl -fsS -m 60 --limit-rate 12M "$url/proxy/bytes/50000000" | wc -c) || fail "slow download failed"
[ "$size" = 50000000 ] || fail "slow download: $size bytes instead of 50000000"
