"""A stand-in for a provider: an HTTP server on 127.0.0.1 that fails as it is told to."""

from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Self

LONGEST = 60.0  # seconds that it keeps silent
FIRST_ERROR = 400  # HTTP status
POLLING = 0.005  # seconds until it notices that it has to end


@dataclass(frozen=True)
class Request:
    """One request that the provider got."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class HTTPProvider:
    """A server at `url` within a `with` block. It keeps its requests, and answers 200 unless told otherwise."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.silent = self.closing = False
        self.ended = Event()
        self.answers(200, '{"id": "1"}')
        self._server = _Server(self)
        self._thread = Thread(target=self._server.serve_forever, args=[POLLING], daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.stops()

    def answers(self, status: int, body: str = "") -> None:
        """Give this answer from now on. An error without a body quotes the request, as some providers do."""
        self.status, self.body = status, body.encode()

    def hangs(self) -> None:
        """Take requests from now on, and never answer."""
        self.silent = True

    def breaks_off(self) -> None:
        """Take requests from now on, and close the connection without an answer."""
        self.closing = True

    def stops(self) -> None:
        """Refuse connections from now on."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 64

    def __init__(self, provider: HTTPProvider) -> None:
        self.provider = provider
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing about clients that have gone."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def _answer(self) -> None:
        provider = self.server.provider
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        provider.requests.append(Request(self.command, self.path, dict(self.headers), body))
        if provider.silent:
            provider.ended.wait(LONGEST)
        if provider.silent or provider.closing:
            return
        answer = provider.body or (body if provider.status >= FIRST_ERROR else b"")
        self.send_response(provider.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Print nothing: it would look like the backend's."""
