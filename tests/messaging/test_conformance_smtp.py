"""Email by SMTP keeps the rules for backends, against a real server."""

import pytest

from passwordless_otp.messaging.backends.email import EmailBackend
from passwordless_otp.testing import Arrived, BackendConformance
from tests.messaging import mailers
from tests.messaging.smtp_server import answering, parsed, part, stop

pytestmark = pytest.mark.slow


class TestEmailBySMTP(BackendConformance):
    backend_class = EmailBackend
    channels = ["email"]
    foreign_loggers = ["asyncio", "mail.log"]  # the server's

    @pytest.fixture
    def mailbox(self, settings):
        with answering() as (mailbox, address):
            mailbox.using = mailers.name(settings, "django.core.mail.backends.smtp.EmailBackend", **address)
            yield mailbox

    @pytest.fixture
    def options(self, mailbox):
        return {"using": mailbox.using, "from_email": "codes@example.com", "timeout": 1}

    @pytest.fixture
    def refuses(self, mailbox):
        mailbox.says["DATA"] = "550 5.7.1"

    @pytest.fixture
    def is_busy(self, mailbox):
        mailbox.says["RCPT"] = "451 4.7.1 come again"

    @pytest.fixture
    def is_down(self, mailbox):
        stop(mailbox.server)

    @pytest.fixture
    def hangs(self, mailbox):
        mailbox.says["DATA"] = "hang"

    @pytest.fixture
    def breaks_off(self, mailbox):
        mailbox.says["DATA"] = "drop"

    @pytest.fixture
    def arrived(self, mailbox):
        return lambda: [
            Arrived(to, part(mail, "plain"), mail["Subject"], part(mail, "html"))
            for envelope in mailbox.received
            for mail in [parsed(envelope)]
            for to in envelope.rcpt_tos
        ]
