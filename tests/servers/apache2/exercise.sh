#!/bin/sh
# A page, a CGI script, a DAV file with a lock, a cached page; at the second start the file must still be there.
set -eu
url=http://$LACRE_APACHE2_80
get() { curl -fsS -m 10 "$@"; }
get "$url/" | grep -q 'It works'
get "$url/cgi-bin/hello.cgi" | grep -q 'hello from /cgi-bin/hello.cgi'
get "$url/cached/index.html" | grep -q 'It works'
get "$url/cached/index.html" | grep -q 'It works'
if [ "$LACRE_PHASE" = second ]; then
    [ "$(get "$url/dav/note.txt")" = 'a note' ]
fi
echo 'a note' | get -o /dev/null -T - "$url/dav/note.txt"
lock='<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>'
token=$(get -i -X LOCK -H 'Timeout: Second-30' --data "$lock" "$url/dav/note.txt" | tr -d '\r' | sed -n 's/^Lock-Token: //p')
[ -n "$token" ]
[ "$(echo other | curl -s -m 10 -o /dev/null -w '%{http_code}' -T - "$url/dav/note.txt")" = 423 ]
get -o /dev/null -X UNLOCK -H "Lock-Token: $token" "$url/dav/note.txt"
