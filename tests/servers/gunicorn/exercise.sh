#!/bin/sh
# A small upload, the list, the file again; at the second start it must still be there.
set -eu
url=http://$LACRE_GUNICORN_8000
if [ "$LACRE_PHASE" = second ]; then
    curl -fsS -m 10 "$url/" | grep -q small.txt
    [ "$(curl -fsS -m 10 "$url/pictures/small.txt")" = 'a small file' ]
fi
echo 'a small file' | curl -fsS -m 10 -F 'picture=@-;filename=small.txt' "$url/pictures" | grep -q '^13 '
curl -fsS -m 10 "$url/" | grep -q small.txt
[ "$(curl -fsS -m 10 "$url/pictures/small.txt")" = 'a small file' ]
