#!/bin/sh
# A page, a hash, a small upload, a missing page.
set -eu
url=http://$LACRE_NODE_3000
curl -fsS -m 10 "$url/" | grep -q 'It works'
[ "$(curl -fsS -m 10 "$url/hash?p=secret" | wc -c)" = 65 ]
curl -fsS -m 10 -d 'name=value' "$url/upload" | grep -q '^10 '
[ "$(curl -sS -m 10 -o /dev/null -w '%{http_code}' "$url/missing")" = 404 ]
