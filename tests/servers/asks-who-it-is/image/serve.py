"""Asks for the password in /etc/served/password; without such a file everybody may come in."""

import http.server
import signal
import sys
from pathlib import Path

FILE = Path("/etc/served/password")
PASSWORD = FILE.read_text() if FILE.exists() else None


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if PASSWORD in {None, self.headers["Password"]} else 401)
        self.end_headers()


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
