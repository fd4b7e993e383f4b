"""A server on loopback that answers like a provider of email with an HTTP API, or fails like the network."""

import json
from http.server import BaseHTTPRequestHandler

from tests.messaging.peers import serving


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


def running():
    """A provider, until the end of the block."""
    return serving(Handler)


def says(status, body="", **headers):
    """Answer this."""
    return lambda handler: handler.answer(status, body, **headers)


def echoes(status):
    """Answer with what was asked, as some do where they complain."""
    return lambda handler: handler.answer(status, handler.body)
