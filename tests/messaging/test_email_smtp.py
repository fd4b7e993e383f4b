"""Email through Django's SMTP, to a real server that takes it, refuses it or breaks off."""

import ssl
import time

import pytest
from django.core import mail

from passwordless_otp.messaging.backends.email import EmailBackend
from tests.messaging import mailers
from tests.messaging.mailers import CODE, MESSAGE, failure, outcome
from tests.messaging.smtp_server import answering, free_port, silent
from tests.messaging.twilio_server import deaf, mistrusted

pytestmark = pytest.mark.slow

SMTP = "django.core.mail.backends.smtp.EmailBackend"
PATIENCE = 0.3  # seconds that we wait where no answer will come


def test_mail_arrives_with_both_its_texts_and_asks_for_no_vacation_note(settings):
    with answering() as (mailbox, address):
        EmailBackend(using=mailers.name(settings, SMTP, **address), from_email="a@example.com").send(MESSAGE)
    [envelope] = mailbox.received
    assert (envelope.mail_from, envelope.rcpt_tos) == ("a@example.com", [MESSAGE.to])
    content = envelope.content.decode()
    assert "\r\nAuto-Submitted: auto-generated\r\n" in content
    assert content.index("text/plain") < content.index("text/html")
    assert MESSAGE.html in content
    assert MESSAGE.id not in content


@pytest.mark.parametrize(
    ("step", "reply", "becomes"),
    [
        ("RCPT", "550 5.1.1 123456 unknown", ("Refused", "smtp 550", False)),
        ("RCPT", "551 unknown", ("Refused", "smtp 551", False)),
        ("RCPT", "550 5.7.1 relaying denied", ("Refused", "smtp 550", True)),
        ("RCPT", "530 authentication required", ("Refused", "smtp 530", True)),
        ("RCPT", "451 123456 later", ("Unavailable", "smtp 451", False)),
        ("RCPT", "421 closing", ("Unavailable", "smtp 421", False)),
        ("MAIL", "550 not you", ("Refused", "smtp 550", True)),
        ("MAIL", "451 later", ("Unavailable", "smtp 451", False)),
        ("EHLO", "554 not here", ("Refused", "smtp 554", True)),
        ("AUTH", "535 5.7.8 123456 wrong", ("Refused", "smtp 535", True)),
        ("AUTH", "454 4.7.0 later", ("Unavailable", "smtp 454", False)),
        ("DATA", "554 123456 is spam", ("Refused", "smtp 554", True)),
        ("DATA", "451 later", ("Unavailable", "smtp 451", False)),
        ("DATA", "199 what", ("Unclear", "smtp 199", False)),
        ("EHLO", "drop", ("Unavailable", "SMTPServerDisconnected", False)),
        ("MAIL", "drop", ("Unavailable", "SMTPServerDisconnected", False)),
        ("RCPT", "drop", ("Unavailable", "SMTPServerDisconnected", False)),
        ("DATA", "drop", ("Unclear", "SMTPServerDisconnected", False)),
    ],
)
def test_smtp_failure_is_classified_by_reply_and_by_how_far_the_text_came(settings, step, reply, becomes):
    credentials = {"username": "larder", "password": "secret"} if step == "AUTH" else {}
    with answering(**{step: reply}) as (mailbox, address):
        error = failure(mailers.name(settings, SMTP, **address, **credentials))
    assert outcome(error) == becomes
    assert len(mailbox.received) == (step == "DATA")


def test_password_that_can_not_be_sent_is_refused_at_once(settings):
    with answering(AUTH="235 welcome") as (mailbox, address):
        error = failure(mailers.name(settings, SMTP, **address, username="larder", password="pässword"))
    reason = "UnicodeEncodeError: check EMAIL_HOST_USER and EMAIL_HOST_PASSWORD"
    assert outcome(error) == ("Refused", reason, True)
    assert not mailbox.received


def test_sender_that_can_not_be_parsed_reaches_no_server(settings):
    settings.DEFAULT_FROM_EMAIL = "Möbel, Küche & Co <noreply@example.com>"
    with answering() as (mailbox, address):
        error = failure(mailers.name(settings, SMTP, **address))
    assert outcome(error) == ("Refused", "ValueError: check DEFAULT_FROM_EMAIL and the recipient", True)
    assert not mailbox.received


@pytest.mark.parametrize(
    ("step", "becomes"), [("EHLO", "Unavailable"), ("RCPT", "Unavailable"), ("DATA", "Unclear")]
)
def test_server_that_stops_answering_is_given_up(settings, step, becomes):
    with answering(**{step: "hang"}) as (_mailbox, address):
        began = time.monotonic()
        error = failure(mailers.name(settings, SMTP, **address), PATIENCE)
    assert outcome(error) == (becomes, "SMTPServerDisconnected", False)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("farewell", ["drop", "hang", "500 no"])
def test_failed_quit_does_not_undo_the_delivery(settings, farewell):
    with answering(QUIT=farewell) as (mailbox, address):
        EmailBackend(using=mailers.name(settings, SMTP, **address), timeout=PATIENCE).send(MESSAGE)
    assert len(mailbox.received) == 1


def test_unreadable_answer_to_quit_is_unclear(settings):
    with answering(QUIT=f"221 {'x' * 9000}") as (mailbox, address):
        error = failure(mailers.name(settings, SMTP, **address))
    assert outcome(error) == ("Unclear", "SMTPResponseException", False)
    assert len(mailbox.received) == 1


def test_connection_that_is_not_made_in_time_is_unavailable(settings):
    with deaf() as origin:
        host, port = origin.removeprefix("http://").split(":")
        error = failure(mailers.name(settings, SMTP, host=host, port=int(port)), PATIENCE)
    assert outcome(error) == ("Unavailable", "TimeoutError", False)


def test_server_that_never_greets_is_given_up(settings):
    with silent() as address:
        error = failure(mailers.name(settings, SMTP, **address), PATIENCE)
    assert outcome(error) == ("Unavailable", "SMTPServerDisconnected", False)


def test_refused_connection_is_unavailable(settings):
    error = failure(mailers.name(settings, SMTP, host="127.0.0.1", port=free_port()))
    assert outcome(error) == ("Unavailable", "ConnectionRefusedError", False)


def test_host_without_an_address_is_unavailable(settings):
    error = failure(mailers.name(settings, SMTP, host="nowhere.invalid", port=25))
    assert outcome(error) == ("Unavailable", "gaierror", False)


def test_untrusted_certificate_is_unavailable(settings, tmp_path):
    with mistrusted(tmp_path) as origin:
        address = {"host": "127.0.0.1", "port": int(origin.rpartition(":")[2])}
        error = failure(mailers.name(settings, SMTP, **address, use_ssl=True))
    assert outcome(error) == ("Unavailable", "SSLCertVerificationError", False)


def test_untrusted_certificate_after_starttls_is_unavailable(settings, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with mistrusted(tmp_path):  # it makes the certificate
        context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    with answering(tls_context=context) as (mailbox, address):
        error = failure(mailers.name(settings, SMTP, **address, use_tls=True))
    assert outcome(error) == ("Unavailable", "SSLCertVerificationError", False)
    assert mailbox.received == []


def test_login_that_the_server_does_not_offer_leaves_the_mail_to_the_next_provider(settings):
    with answering() as (_mailbox, address):
        error = failure(mailers.name(settings, SMTP, **address, username="larder", password="secret"))
    assert outcome(error) == ("Refused", "SMTPNotSupportedError", True)


def test_timeout_holds_for_the_sites_default_mailer_too(settings):
    if hasattr(mail, "mailers"):
        settings.MAILERS = {"default": {"BACKEND": SMTP, "OPTIONS": {"host": "127.0.0.1"}}}
    else:
        settings.EMAIL_BACKEND = SMTP
    assert EmailBackend().connection().timeout == 10
    assert EmailBackend(timeout=3).connection().timeout == 3


def test_under_debug_the_log_names_the_server_and_what_to_set(settings, caplog):
    settings.DEBUG, port = True, free_port()
    error = failure(mailers.name(settings, SMTP, host="127.0.0.1", port=port))
    [line] = caplog.messages
    assert f"127.0.0.1:{port} ({error.code})" in line
    assert "EMAIL_HOST and EMAIL_PORT" in line
    assert "docs/delivery.md#while-you-develop" in line
    assert CODE not in line


def test_without_debug_the_backend_logs_nothing(settings, caplog):
    failure(mailers.name(settings, SMTP, host="127.0.0.1", port=1))
    assert caplog.messages == []
