#!/bin/sh
# Uploads of 8 MB at once: werkzeug spools what is over 500 kB to a temporary file.
set -eu
. "$(dirname "$0")/../lib/common.sh"
url=http://$LACRE_GUNICORN_8000
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
head -c 8000000 /dev/urandom > "$work/body"
want="8000000 $(sha256sum "$work/body" | cut -d' ' -f1)"
for n in 1 2 3; do
    curl -fsS -m 60 -F "picture=@$work/body;filename=large$n.bin" "$url/pictures" > "$work/answer$n" 2>&1 &
done
wait
for n in 1 2 3; do
    [ "$(cat "$work/answer$n")" = "$want" ] || fail "upload $n: $(head -c 200 "$work/answer$n")"
    curl -fsS -m 60 "$url/pictures/large$n.bin" | cmp -s - "$work/body" || fail "download $n differs"
done
