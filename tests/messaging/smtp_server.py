"""An SMTP server on loopback that answers what it is told to, or stops answering."""

import asyncio
import email.policy
import socket
from contextlib import contextmanager

from tests import needs


class Mailbox:
    """Takes mail. `says` maps a step (EHLO, MAIL, RCPT, DATA, QUIT) to a reply, or to `drop` or `hang`."""

    def __init__(self, says):
        self.says, self.received = says, []

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        refusal = await self._step("EHLO", server)
        return [refusal] if refusal else responses

    async def handle_HELO(self, server, session, envelope, hostname):
        session.host_name = hostname
        return await self._step("EHLO", server) or "250 OK"

    async def handle_MAIL(self, server, session, envelope, address, options):
        envelope.mail_from = address
        return await self._step("MAIL", server) or "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        envelope.rcpt_tos.append(address)
        return await self._step("RCPT", server) or "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.received.append(envelope)
        reply = await self._step("DATA", server) or "250 OK"
        quoted = " ".join(part(parsed(envelope), "plain").split())  # as some servers do with what they refuse
        return reply if reply.startswith("250") else f"{reply} {quoted}"

    async def handle_QUIT(self, server, session, envelope):
        return await self._step("QUIT", server) or "221 Bye"

    async def _step(self, name, server):
        reply = self.says.get(name, "")
        if reply == "drop":
            server.transport.abort()
        if reply == "hang":
            await asyncio.sleep(20)
        return reply


def stop(server):
    """Stop this server and what still hangs in it. It may have been stopped before."""
    if server.loop.is_closed():
        return
    for task in asyncio.all_tasks(server.loop):
        server.loop.call_soon_threadsafe(task.cancel)
    server.stop(no_assert=True)


def parsed(envelope):
    return email.message_from_bytes(envelope.content, policy=email.policy.default)


def part(mail, kind):
    """Return the part of this kind, "plain" or "html", as it was written; `None` where there is none."""
    found = mail.get_body([kind])
    return found and found.get_content().replace("\r\n", "\n")


@contextmanager
def answering(tls_context=None, **says):
    """A mailbox with its server, and the host and port to reach it by; with a context it offers STARTTLS."""
    mailbox = Mailbox(says)
    more = {"tls_context": tls_context, **login(says)}
    controller = needs.package("aiosmtpd.controller").Controller
    mailbox.server = controller(mailbox, hostname="127.0.0.1", port=free_port(), **more)
    mailbox.server.start()
    try:
        yield mailbox, {"host": "127.0.0.1", "port": mailbox.server.port}
    finally:
        stop(mailbox.server)


def login(says):
    if "AUTH" not in says:
        return {}
    refused = needs.package("aiosmtpd.smtp").AuthResult(success=False, handled=False, message=says["AUTH"])
    return {"authenticator": lambda *_: refused, "auth_require_tls": False}


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def silent():
    """A host and port where connections are made and nobody says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(1)
        yield {"host": "127.0.0.1", "port": listening.getsockname()[1]}
