"""An HTTP server on loopback that stands for a provider, and the ways in which any of them may fail to answer."""

import threading
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

LONGEST = 20  # seconds that no answer comes, unless the test is over before


class Peer(ThreadingHTTPServer):
    """Answers each request by `reply`, a function of the handler, and keeps what was asked."""

    def __init__(self, handler, reply=None):
        super().__init__(("127.0.0.1", 0), handler)
        self.origin = f"http://127.0.0.1:{self.server_port}"
        self.received, self.ending, self.reply = [], threading.Event(), reply

    def handle_error(self, request, client_address):
        """Say nothing of clients that have gone."""


@contextmanager
def serving(handler, reply=None):
    """A server, until the end of the block."""
    with Peer(handler, reply) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        try:
            yield server
        finally:
            server.ending.set()
            server.shutdown()
            thread.join()


def hangs(handler):
    handler.server.ending.wait(LONGEST)
    closes(handler)


def closes(handler):
    handler.close_connection = True
