"""Email by SMTP keeps the rules that we give to others, against a real server."""

import django
import pytest

from passwordless_otp.messaging.backends.email import EmailBackend
from passwordless_otp.testing import Arrived, BackendConformance
from tests.messaging import mail_provider

pytestmark = pytest.mark.slow


class TestEmailBySMTP(BackendConformance):
    backend_class = EmailBackend
    channels = ["email"]
    foreign_loggers = ["asyncio", "mail.log"]  # the server's

    @pytest.fixture
    def server(self):
        with mail_provider.running() as server:
            yield server

    @pytest.fixture
    def options(self, server, settings):
        backend, timeout = "django.core.mail.backends.smtp.EmailBackend", 1
        if django.VERSION >= (6, 1):
            given = {"host": "127.0.0.1", "port": server.port, "timeout": timeout}
            settings.MAILERS = {**settings.MAILERS, "codes": {"BACKEND": backend, "OPTIONS": given}}
            return {"using": "codes", "from_email": "codes@example.com", "timeout": 1}
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, timeout
        return {"using": backend, "from_email": "codes@example.com", "timeout": 1}

    @pytest.fixture
    def refuses(self, server):
        server.data = "550 5.7.1"

    @pytest.fixture
    def is_busy(self, server):
        server.rcpt = "451 4.7.1 come again"

    @pytest.fixture
    def is_down(self, server):
        server.controller.stop()

    @pytest.fixture
    def hangs(self, server):
        server.hangs = True

    @pytest.fixture
    def breaks_off(self, server):
        server.breaks_off = True

    @pytest.fixture
    def arrived(self, server):
        return lambda: [
            Arrived(to, mail_provider.text(mail, "plain"), mail["Subject"], mail_provider.text(mail, "html"))
            for people, mail in server.received
            for to in people
        ]
