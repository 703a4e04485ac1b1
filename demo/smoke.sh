#!/bin/sh
# The demo's exercise: write an entry, read it, upload a file, fetch it. At the second start, look for both first.
set -eu
url=http://${LACRE_WEB_80:-127.0.0.1:8080}
command -v curl > /dev/null || { echo 'smoke.sh: curl is not installed' >&2; exit 1; }
get() { curl -fsS -m 20 "$@"; }

# The web server starts before the application is up; its first answers may be 502.
tries=0
until get -o /dev/null "$url/health" 2> /dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 60 ] || { echo "smoke.sh: $url/health does not answer" >&2; exit 1; }
    sleep 0.5
done

if [ "${LACRE_PHASE:-first}" = second ]; then
    get "$url/" | grep -q 'hello from the first start' || { echo 'smoke.sh: the entry is lost' >&2; exit 1; }
    [ "$(get "$url/files/greeting.txt")" = 'a small file' ] || { echo 'smoke.sh: the file is lost' >&2; exit 1; }
fi
get -o /dev/null -d name=ana -d 'text=hello from the first start' "$url/entries"
get "$url/" | grep -q '<b>ana</b>'
get "$url/static/style.css" | grep -q font-family
echo 'a small file' | get -o /dev/null -F 'file=@-;filename=greeting.txt' "$url/files"
[ "$(get "$url/files/greeting.txt")" = 'a small file' ]
[ "$(get "$url/count")" -ge 1 ]
