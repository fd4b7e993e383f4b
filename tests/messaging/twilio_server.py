"""A server on loopback that answers like Twilio or fails like the network, and a client that asks it."""

import copy
import json
import re
import socket
import ssl
import struct
import subprocess
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl

from tests import needs
from tests.messaging.peers import serving

TWILIO = re.compile(r"https://(api|verify)\.twilio\.com(?=/)")
TwilioHttpClient = needs.package("twilio.http.http_client").TwilioHttpClient
PATIENCE = 0.3  # seconds that the client waits where no answer will come
LONGER = 10  # seconds that it waits otherwise


class Loopback(TwilioHttpClient):
    """The SDK's own client, but for the host."""

    def __init__(self, origin, timeout=LONGER):
        super().__init__(timeout=timeout)
        self.origin = origin
        self.session.trust_env = False  # no proxy of whoever runs the tests

    def request(self, method, url, *args, **more):
        assert TWILIO.match(url)
        return super().request(method, TWILIO.sub(self.origin, url), *args, **more)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        self.server.received.append(copy.copy(self))  # a connection has one handler for all its requests
        self.server.reply(self)

    def do_CONNECT(self):
        """Only proxies are asked for this."""
        self.server.reply(self)

    def log_message(self, *_):
        pass

    @property
    def text(self):
        """What is to stay between Twilio and the person."""
        return self.form.get("Body") or self.form.get("CustomCode", "")

    def answer(self, status, body="", kind="application/json", length=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body.encode()) if length is None else length))
        self.end_headers()
        self.wfile.write(body.encode())


def running():
    """A server that takes every message, until the end of the block."""
    return serving(Handler, sid)


def sid(handler):
    """Take the message. The id is made of the number, to tell which answer came back to whom."""
    name = handler.form.get("To", "").strip("+") or handler.path.rpartition("/")[2]
    handler.answer(201, json.dumps({"sid": "SM" + name, "body": handler.text}))


def says(status, body="", kind="application/json"):
    """Answer this, with the text of the message in place of TEXT."""
    body = body if isinstance(body, str) else json.dumps(body)
    return lambda handler: handler.answer(status, body.replace("TEXT", json.dumps(handler.text)[1:-1]), kind)


def errs(code, status=400):
    """Answer an error as Twilio writes it, and quote the text."""
    return says(status, {"code": code, "message": "can't send 'TEXT'", "more_info": "…", "status": status})


def problem(code, status, within):
    """Answer an error by RFC 9457, with this status within the text."""
    return says(status, {"type": "about:TEXT", "title": "TEXT", "status": within, "code": code, "detail": "TEXT"})


def resets(handler):
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.rfile.close()
    handler.wfile.close()
    handler.connection.close()


def cuts(handler):
    """Begin an answer, and close in the middle of it."""
    handler.answer(201, '{"sid": "SM', length=100)
    handler.close_connection = True


def rambles(handler):
    """Answer what is no HTTP."""
    handler.wfile.write(b"123456 123456\r\n\r\n")
    handler.close_connection = True


@contextmanager
def mistrusted(folder):
    """An origin with a certificate that nobody has signed."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=127.0.0.1"
    subprocess.run(
        [needs.program("openssl"), *make.split(), "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
        timeout=60,
    )
    with running() as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        yield f"https://127.0.0.1:{server.server_port}"


@contextmanager
def nobody():
    """An origin where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@contextmanager
def deaf():
    """An origin whose queue of connections is full, so that no more are taken."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
