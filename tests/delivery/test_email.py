"""Email through Django's mail, to a real SMTP server."""

import smtplib

import django
import pytest
from django.core import mail

from passwordless_otp.delivery.backends.base import Outgoing, Refused, Unavailable, Unclear
from passwordless_otp.delivery.backends.email import EmailBackend

MESSAGE = Outgoing(
    "id", "email", "jane@example.com", "123456 is your code", "123456 is your code.\n", "123456", 600
)


def test_it_goes_out_by_the_sites_own_mail(settings):
    EmailBackend(from_email="Larder <door@example.com>").send(MESSAGE)
    [sent] = mail.outbox
    assert (sent.to, sent.subject, sent.from_email) == (
        ["jane@example.com"],
        "123456 is your code",
        "Larder <door@example.com>",
    )
    assert sent.body == "123456 is your code.\n"
    assert sent.message()["Auto-Submitted"] == "auto-generated"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_backend_can_be_named(settings):
    if django.VERSION >= (6, 1):
        settings.MAILERS = {
            "default": {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"},
            "otp": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"},
        }
        EmailBackend(using="otp").send(MESSAGE)
    else:
        settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
        EmailBackend(using="django.core.mail.backends.locmem.EmailBackend").send(MESSAGE)
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(
    ("error", "becomes", "code"),
    [
        (smtplib.SMTPRecipientsRefused({"jane@example.com": (550, b"123456")}), Refused, "smtp 550"),
        (smtplib.SMTPRecipientsRefused({"jane@example.com": (451, b"later")}), Unavailable, "smtp 451"),
        (smtplib.SMTPDataError(554, b"123456"), Refused, "smtp 554"),
        (smtplib.SMTPSenderRefused(421, b"", "x"), Unavailable, "smtp 421"),
        (smtplib.SMTPConnectError(421, b""), Unavailable, "smtp 421"),
        (smtplib.SMTPServerDisconnected("123456"), Unclear, "SMTPServerDisconnected"),
        (ConnectionRefusedError(), Unavailable, "ConnectionRefusedError"),
        (TimeoutError("123456"), Unclear, "TimeoutError"),
        (ConnectionResetError(), Unclear, "ConnectionResetError"),
    ],
)
def test_a_failure_is_classed_and_says_nothing_of_the_text(monkeypatch, error, becomes, code):
    def fail(self, email):
        raise error

    monkeypatch.setattr(EmailBackend, "_send", fail)
    with pytest.raises(becomes) as raised:
        EmailBackend().send(MESSAGE)
    assert raised.value.code == code
    assert "123456" not in repr(raised.value) + str(raised.value)
    assert raised.value.__context__ is None
