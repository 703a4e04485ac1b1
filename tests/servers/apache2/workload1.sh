#!/bin/sh
# Many DAV operations (collections, copies, moves, properties), big uploads, CGI with bodies, all at once.
set -eu
. "$(dirname "$0")/../lib/common.sh"
url=http://$LACRE_APACHE2_80
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
get() { curl -fsS -m 30 "$@"; }
head -c 20000000 /dev/urandom > "$work/big"
sum=$(sha256sum < "$work/big")

curl -s -m 10 -o /dev/null -X DELETE "$url/dav/load/" || :
get -o /dev/null -X MKCOL "$url/dav/load/" || fail "MKCOL"
get -o /dev/null -T "$work/big" "$url/dav/load/big" || fail "PUT of 20 MB"
get -o /dev/null -X COPY -H "Destination: $url/dav/load/copy" "$url/dav/load/big" || fail "COPY"
get -o /dev/null -X MOVE -H "Destination: $url/dav/load/moved" "$url/dav/load/copy" || fail "MOVE"
[ "$(get "$url/dav/load/moved" | sha256sum)" = "$sum" ] || fail "the copy differs"
properties='<?xml version="1.0"?><D:propertyupdate xmlns:D="DAV:" xmlns:x="urn:x"><D:set><D:prop><x:colour>red</x:colour></D:prop></D:set></D:propertyupdate>'
get -o /dev/null -X PROPPATCH --data "$properties" "$url/dav/load/big" || fail "PROPPATCH"
get -X PROPFIND -H 'Depth: 1' "$url/dav/load/" | grep -q red || fail "PROPFIND does not show the property"

for n in 1 2 3 4; do
    (for _ in 1 2 3 4 5 6 7 8; do
        head -c 200000 "$work/big" | get --data-binary @- -H 'Expect:' "$url/cgi-bin/hello.cgi" |
            grep -q '200000 bytes' || echo "CGI with a body" >> "$work/errors"
    done) &
done
wait
[ ! -s "$work/errors" ] || fail "$(sort "$work/errors" | uniq -c)"
get -o /dev/null -X DELETE "$url/dav/load/" || fail "DELETE"
