"""Starts jobs that outlive who started them: they end as children of process 1, which never waits for them.

With OWN set the jobs are its own children, which no init could reap for it.
"""

import http.server
import os
import signal
import sys


def job():
    child = os.fork()
    if not child:
        if "OWN" in os.environ or not os.fork():
            pass  # done at once
        os._exit(0)
    if "OWN" not in os.environ:
        os.waitpid(child, 0)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        job()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"started\n")


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.HTTPServer(("", 8000), Handler).serve_forever()
