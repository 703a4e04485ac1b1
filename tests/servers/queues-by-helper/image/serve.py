"""Hands each request to a set-group-ID helper, which alone may write the queue, and answers whatever came of it."""

import http.server
import signal
import subprocess
import sys
import uuid


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        subprocess.run(["/usr/local/bin/queue", f"/var/spool/queue/{uuid.uuid4()}"], check=False)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"queued\n")


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.HTTPServer(("", 8000), Handler).serve_forever()
