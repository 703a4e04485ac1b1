"""Counts visits in the database that migrate.py made."""

import http.server
import signal
import sqlite3
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with sqlite3.connect("/data/app.db", timeout=10) as db:
            db.execute("INSERT INTO visit VALUES (datetime('now'))")
            (count,) = db.execute("SELECT count(*) FROM visit").fetchone()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"%d visits\n" % count)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
