#!/bin/sh
# Large bodies both ways by several clients at once, and a hundred idle connections.
set -eu
. "$(dirname "$0")/../lib/common.sh"
url=http://$LACRE_HAPROXY_80
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
head -c 10000000 /dev/urandom > "$work/body"
want="10000000 $(sha256sum "$work/body" | cut -d' ' -f1)"
for n in 1 2 3 4; do
    (curl -fsS -m 60 -H 'Expect:' --data-binary "@$work/body" "$url/upload" > "$work/up$n" || :
        curl -fsS -m 60 "$url/bytes/20000000" | wc -c > "$work/down$n") &
done
python3 - "$LACRE_HAPROXY_80" <<'PY' || fail "idle connections failed"
import socket, sys, time
host, port = sys.argv[1].split(":")
idle = [socket.create_connection((host, int(port)), timeout=30) for _ in range(100)]
time.sleep(1)
for c in idle:
    c.sendall(b"GET /hello HTTP/1.0\r\n\r\n")
for c in idle:
    if not c.recv(100).startswith(b"HTTP/1."):
        sys.exit("an idle connection got no answer")
PY
wait
for n in 1 2 3 4; do
    [ "$(cat "$work/up$n")" = "$want" ] || fail "upload $n came through changed"
    [ "$(cat "$work/down$n")" = 20000000 ] || fail "download $n was cut"
done
