"""A real SMTP server on loopback that takes messages, or fails as it is told to."""

import asyncio
import email
import email.policy
import socket
from contextlib import contextmanager

from tests import needs

Controller = needs.package("aiosmtpd.controller").Controller
LONGER = 60  # seconds that no answer comes


class SMTPServer:
    """Answers RCPT and DATA with these replies. Keeps the recipients and the text of what it was given."""

    def __init__(self):
        self.received, self.rcpt, self.data = [], "250 OK", "250 OK"
        self.hangs = self.breaks_off = False

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.received.append((envelope.rcpt_tos, mail))
        if self.hangs:
            await asyncio.sleep(LONGER)
        if self.breaks_off:
            server.transport.close()
        quoted = " ".join(text(mail, "plain").split())  # as some servers do with what they refuse
        return self.data if self.data.startswith("250") else f"{self.data} {quoted}"


def text(mail, kind):
    """Return the part of this kind, "plain" or "html", as it was written; `None` where there is none."""
    part = mail.get_body([kind])
    return part and part.get_content().replace("\r\n", "\n")


class Stoppable(Controller):
    """Ends what still hangs when it stops, and may be stopped twice."""

    def stop(self, no_assert=True):
        if self.loop.is_closed():
            return
        for task in asyncio.all_tasks(self.loop):
            self.loop.call_soon_threadsafe(task.cancel)
        super().stop(no_assert=no_assert)


@contextmanager
def running():
    """A server, until the end of the block. Its `controller` knows the port."""
    server = SMTPServer()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        server.port = taken.getsockname()[1]
    server.controller = Stoppable(server, hostname="127.0.0.1", port=server.port)
    server.controller.start()
    try:
        yield server
    finally:
        server.controller.stop()
