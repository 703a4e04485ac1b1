#!/bin/sh
# Mounts its own scratch space, which takes SYS_ADMIN, and serves it.
set -e
mount -t tmpfs -o size=8m scratch /scratch
echo 'on a file system of its own' > /scratch/index.html
cd /scratch
exec python3 -u -c '
import http.server, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.ThreadingHTTPServer(("", 8000), http.server.SimpleHTTPRequestHandler).serve_forever()'
