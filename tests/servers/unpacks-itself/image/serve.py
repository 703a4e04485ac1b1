"""Makes two directories that the image does not have: one it takes as it finds it, one it fills only if it is new."""

import http.server
import signal
import sys
from pathlib import Path

VISITS = Path("/var/lib/visits")
SITE = Path("/var/lib/unpacked")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        (VISITS / "last").write_text(self.client_address[0])
        page = SITE / "index"
        self.send_response(200 if page.exists() else 404)
        self.end_headers()
        if page.exists():
            self.wfile.write(page.read_bytes())


VISITS.mkdir(exist_ok=True)
if not SITE.exists():
    SITE.mkdir()
    (SITE / "index").write_text("the site\n")
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
