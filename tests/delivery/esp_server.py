"""A server on loopback that answers like a provider of email with an HTTP API, or fails like the network."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.received.append(json.loads(self.body))
        self.server.reply(self)

    def answer(self, status, body, **headers):
        body = body if isinstance(body, str) else json.dumps(body)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


class Provider(ThreadingHTTPServer):
    """Answers each request by `reply`, a function of the handler, and keeps what was asked."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server_port}"
        self.received, self.ending, self.reply = [], threading.Event(), None

    def handle_error(self, request, client_address):
        """Say nothing of clients that have gone."""


@contextmanager
def running():
    """A provider, until the end of the block."""
    with Provider() as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        try:
            yield server
        finally:
            server.ending.set()
            server.shutdown()
            thread.join()


def says(status, body="", **headers):
    """Answer this."""
    return lambda handler: handler.answer(status, body, **headers)


def echoes(status):
    """Answer with what was asked, as some do where they complain."""
    return lambda handler: handler.answer(status, handler.body)


def hangs(handler):
    handler.server.ending.wait(20)
    handler.close_connection = True


def closes(handler):
    handler.close_connection = True
