"""Our own backends keep the rules that we give to others."""

import pytest
from django.core import mail

from passwordless_otp.messaging.backends import memory
from passwordless_otp.messaging.backends.console import ConsoleBackend
from passwordless_otp.messaging.backends.email import EmailBackend
from passwordless_otp.messaging.backends.memory import MemoryBackend
from passwordless_otp.messaging.backends.twilio import TwilioBackend
from passwordless_otp.testing import Arrived, BackendConformance
from tests.messaging import peers
from tests.messaging import twilio_server as on


class TestConsole(BackendConformance):
    backend_class = ConsoleBackend
    channels = ["email", "sms"]
    prints = True


class TestMemory(BackendConformance):
    backend_class = MemoryBackend
    channels = ["email", "sms"]

    @pytest.fixture
    def arrived(self):
        return lambda: [Arrived(one.to, one.text, one.subject, one.html) for one in memory.sent]


class TestEmailKept(BackendConformance):
    backend_class = EmailBackend
    channels = ["email"]

    @pytest.fixture
    def arrived(self):
        return lambda: [Arrived(to, one.body, one.subject) for one in mail.outbox for to in one.recipients()]


class TestTwilio(BackendConformance):
    backend_class = TwilioBackend
    gives_up_within = 3
    sdk = ["twilio", "requests"]

    @pytest.fixture
    def server(self):
        with on.running() as server:
            yield server

    @pytest.fixture
    def options(self, server):
        client = on.Loopback(server.origin, timeout=1)
        return {
            "account_sid": "AC" + "5" * 32,
            "auth_token": "token-93c1",
            "from_": "+1500",
            "http_client": client,
        }

    @pytest.fixture
    def refuses(self, server):
        server.reply = on.errs(21211)

    @pytest.fixture
    def is_busy(self, server):
        server.reply = on.errs(20429, 429)

    @pytest.fixture
    def is_down(self, options):
        with on.nobody() as options["http_client"].origin:
            yield

    @pytest.fixture
    def hangs(self, server):
        server.reply = peers.hangs

    @pytest.fixture
    def breaks_off(self, server):
        server.reply = peers.closes

    @pytest.fixture
    def arrived(self, server):
        return lambda: [Arrived(request.form["To"], request.form["Body"]) for request in server.received]
