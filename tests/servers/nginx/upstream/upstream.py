"""Answers POST with the size and hash of the body, and GET /bytes/N with N bytes."""

import hashlib
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BLOCK = b"0123456789abcdef" * 4096


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        if not self.path.startswith("/bytes/"):
            self.answer(b"hello from upstream\n")
            return
        left = int(self.path.removeprefix("/bytes/"))
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(left))
        self.end_headers()
        while left > 0:
            self.wfile.write(BLOCK[:left])
            left -= len(BLOCK)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        left, digest = int(self.headers.get("Content-Length", 0)), hashlib.sha256()
        size = left
        while left > 0:
            block = self.rfile.read(min(left, 1 << 16))
            if not block:
                break
            digest.update(block)
            left -= len(block)
        self.answer(f"{size} {digest.hexdigest()}\n".encode())


class Server(ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is nothing to print a traceback for."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
Server(("", 9000), Handler).serve_forever()
