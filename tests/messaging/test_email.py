"""Email through Django's mail: which mailer, which parts, and what it says of itself."""

from dataclasses import replace

import django
import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend as Locmem

from passwordless_otp.messaging.backends.base import Receipt
from passwordless_otp.messaging.backends.email import EmailBackend
from tests.messaging import mailers
from tests.messaging.mailers import MESSAGE, failure, outcome

LOCMEM = "django.core.mail.backends.locmem.EmailBackend"


class Deaf(Locmem):
    """A mailer that sends none, as where the site's own code has called a mail off."""

    def send_messages(self, messages):
        return 0


class Mute(Locmem):
    """A mailer that does not say how many it has sent."""

    def send_messages(self, messages):
        super().send_messages(messages)


class Broken(Locmem):
    """A mailer with an error of its own, which quotes the mail."""

    def send_messages(self, messages):
        raise ArithmeticError(messages[0].body)


class Strict(Locmem):
    """A mailer to which something about the mail is not right."""

    def send_messages(self, messages):
        raise ValueError(messages[0].body)


def test_mail_goes_out_by_the_sites_own_mail_settings():
    receipt = EmailBackend(from_email="Larder <door@example.com>").send(MESSAGE)
    [sent] = mail.outbox
    assert (sent.to, sent.subject) == ([MESSAGE.to], MESSAGE.subject)
    assert sent.from_email == "Larder <door@example.com>"
    assert sent.body == MESSAGE.text
    assert sent.message()["Auto-Submitted"] == "auto-generated"
    assert receipt == Receipt()


def test_html_is_an_alternative_to_the_text():
    EmailBackend().send(MESSAGE)
    [part] = mail.outbox[0].alternatives
    assert tuple(part) == (MESSAGE.html, "text/html")


def test_without_html_there_is_the_text_alone():
    EmailBackend().send(replace(MESSAGE, html=""))
    assert mail.outbox[0].message().get_content_type() == "text/plain"


def test_mailer_can_be_named(settings):
    EmailBackend(using=mailers.name(settings, LOCMEM)).send(MESSAGE)
    assert len(mail.outbox) == 1


@pytest.mark.filterwarnings("ignore:The EMAIL_BACKEND", "ignore:get_connection")  # Django 6.1 wants MAILERS
def test_without_mailers_a_backend_is_named_by_its_path(settings):
    if hasattr(settings, "MAILERS"):
        del settings.MAILERS
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    EmailBackend(using=LOCMEM).send(MESSAGE)
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("using", ["nowhere.EmailBackend", "misspelt"])
def test_missing_mailer_leaves_the_mail_to_the_next_provider(using):
    error = failure(using)
    assert (type(error).__name__, error.elsewhere) == ("Refused", True)


@pytest.mark.parametrize("timeout", [0, -1])
def test_timeout_that_is_not_positive_is_refused(timeout):
    with pytest.raises(ValueError, match="timeout"):
        EmailBackend(timeout=timeout)


def test_mail_that_django_did_not_send_has_failed(settings):
    error = failure(mailers.name(settings, f"{__name__}.Deaf"))
    assert outcome(error) == ("Refused", "not sent", False)


def test_mailer_that_returns_no_number_counts_as_sent(settings):
    assert EmailBackend(using=mailers.name(settings, f"{__name__}.Mute")).send(MESSAGE) == Receipt()


@pytest.mark.skipif(django.VERSION >= (6,), reason="there only SMTP parses the sender")
def test_sender_that_can_not_be_parsed_is_refused_at_once(settings):
    settings.DEFAULT_FROM_EMAIL = "Möbel, Küche & Co <noreply@example.com>"
    assert outcome(failure(None)) == ("Refused", "ValueError: check DEFAULT_FROM_EMAIL and the recipient", True)


@pytest.mark.parametrize(("mailer", "name"), [("Broken", "ArithmeticError"), ("Strict", "ValueError")])
def test_unknown_error_is_unclear(settings, mailer, name):
    assert outcome(failure(mailers.name(settings, f"{__name__}.{mailer}"))) == ("Unclear", name, False)
