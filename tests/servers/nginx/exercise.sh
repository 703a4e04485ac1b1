#!/bin/sh
# A page, a page of the upstream, a small form, a missing page.
set -eu
url=http://$LACRE_NGINX_80
curl -fsS -m 10 "$url/" | grep -q 'It works'
curl -fsS -m 10 "$url/proxy/hello" | grep -q 'hello from upstream'
curl -fsS -m 10 -d 'name=value' "$url/proxy/form" | grep -q '^10 '
[ "$(curl -sS -m 10 -o /dev/null -w '%{http_code}' "$url/missing")" = 404 ]
