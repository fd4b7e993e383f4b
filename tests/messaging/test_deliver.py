"""A saved message → a provider, and its answer → the message."""

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from passwordless_otp.messaging import deliver
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Message, Verification
from tests import hooks
from tests.visitor import EMAIL, PHONE, ApiVisitor, both_kinds, operate

pytestmark = pytest.mark.django_db


def use(settings, **changes):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, **changes}


def by(settings, backend, **options):
    entry = {"BACKEND": backend, "OPTIONS": options} if options else {"BACKEND": backend}
    use(settings, DELIVERY={"email": [entry], "sms": [entry]})


def asked(address=EMAIL):
    ApiVisitor().sign_up(email_address=address, strategy="email_code")
    return Message.objects.get()


@pytest.fixture
def made(monkeypatch):
    """The memory backends that are made."""
    backends = []

    def keep(self):
        backends.append(self)

    monkeypatch.setattr(memory.MemoryBackend, "__init__", keep)
    return backends


def test_sent_message_is_recorded():
    message = asked()
    assert (message.status, message.delivery_tries, message.error_code) == ("sent", 1, "")
    assert message.backend.endswith("MemoryBackend")
    assert message.provider_id == f"memory-{message.pk.hex}"
    assert message.sent_at


@pytest.mark.parametrize(
    ("raises", "status", "reason"),
    [
        ("Refused", "failed", "bad number"),
        ("Unavailable", "pending", "bad number"),
        ("Unclear", "unknown", "bad number"),
        ("ZeroDivisionError", "unknown", "ZeroDivisionError"),
    ],
)
def test_provider_answer_is_shown_to_the_operator_and_not_to_the_visitor(settings, raises, status, reason):
    by(settings, "tests.hooks.Raises", name=raises)
    visitor = ApiVisitor()
    answer = visitor.sign_up(email_address=EMAIL, strategy="email_code")
    assert answer.status_code == 200
    message = Message.objects.get()
    assert (message.status, message.error_code) == (status, reason)
    assert visitor.attempt(message.verification.code()).status_code == 200


def test_backend_is_made_once_and_again_when_the_setting_changes(settings, made):
    for _ in range(2):
        by(settings, "passwordless_otp.messaging.backends.memory.MemoryBackend")
        for name in ["jane", "june"]:
            ApiVisitor().sign_up(email_address=f"{name}@example.com", strategy="email_code")
    assert len(made) == 2


def test_each_channel_has_a_backend_of_its_own(settings, made):
    by(settings, "passwordless_otp.messaging.backends.memory.MemoryBackend")  # one setting for both
    both_kinds()
    ApiVisitor().sign_up(phone_number=PHONE, strategy="phone_code")
    ApiVisitor().sign_up(email_address=EMAIL, strategy="email_code")
    assert len(made) == 2


@pytest.mark.parametrize("entry", ["tests.hooks.Nothing", "nowhere.Backend"])
def test_backend_that_can_not_be_built_fails_the_message_and_not_the_request(settings, entry):
    by(settings, entry)
    assert asked().status == "failed"


def test_template_that_breaks_fails_the_message(settings, monkeypatch):
    monkeypatch.setattr("passwordless_otp.messaging.render.FOLDER", "nowhere")
    message = asked()
    assert (message.status, message.error_code) == ("failed", "TemplateDoesNotExist")


def test_missing_key_fails_the_message_and_is_logged(settings, caplog):
    use(settings, DISPATCH="tests.hooks.record")
    message = asked()
    settings.SECRET_KEY = "another"
    with caplog.at_level(logging.ERROR):
        deliver.run_job(message.pk)
    message.refresh_from_db()
    assert (message.status, message.error_code) == ("failed", "KeyMissing")
    assert "KeyMissing" in caplog.text


@pytest.mark.parametrize("change", ["used", "superseded", "ended"])
def test_code_that_would_not_be_accepted_is_not_sent(settings, change):
    use(settings, DISPATCH="tests.hooks.record")
    message = asked()
    verification = message.verification
    if change == "used":
        Verification.objects.update(status="verified", nonce="")
    if change == "superseded":
        Verification.objects.update(generation=verification.generation + 1)
    if change == "ended":
        verification.flow.touch(status="ended")
    deliver.run_job(message.pk)
    message.refresh_from_db()
    assert (message.status, message.error_code) == ("suppressed", "code was used, replaced or abandoned")
    assert not memory.sent


def test_message_whose_code_expired_while_it_waited_fails_and_is_logged(settings, caplog):
    use(settings, DISPATCH="tests.hooks.record")
    message = asked()
    Verification.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    deliver.run_job(message.pk)
    message.refresh_from_db()
    assert (message.status, message.error_code) == (
        "failed",
        "code expired while the message waited for a worker",
    )
    assert not memory.sent
    assert f"{message.pk} (email): failed, code expired" in caplog.text


def test_dispatch_function_gets_an_id_and_nothing_else(settings):
    use(settings, DISPATCH="tests.hooks.record")
    hooks.recorded.clear()
    message = asked()
    assert hooks.recorded == [str(message.pk)]
    assert message.status == "pending"
    deliver.run_job(hooks.recorded[0])
    deliver.run_job(hooks.recorded[0])
    assert len(memory.sent) == 1


@pytest.mark.parametrize("dispatch", ["tests.hooks.Nothing", "nowhere.function", "tests.hooks.down"])
def test_broken_dispatch_function_changes_no_answer(settings, dispatch):
    use(settings, DISPATCH=dispatch)
    assert asked().status == "pending"


def test_message_speaks_the_visitors_language(settings):
    use(settings, DISPATCH="tests.hooks.record")
    for language in ["fr", "pt-BR"]:
        visitor = ApiVisitor(**{"Accept-Language": language})
        visitor.sign_up(email_address=EMAIL, strategy="email_code")
        assert Message.objects.order_by("pk").last().language == language.lower()


def test_email_says_what_the_code_is_for_and_how_long_it_is_valid():
    operate(application_name="Larder", support_email="help@example.com", code_life=300)
    message = asked()
    [sent] = memory.sent
    code = message.verification.code()
    assert sent.subject == f"{code} is your sign-up code for Larder"
    for part in [code, "5 minutes", "example.com", "help@example.com", "nobody"]:
        assert part in sent.text


def test_operator_texts_are_used_only_for_messages_with_a_code():
    both_kinds(application_name="Larder", email_subject="Hello, $code", sms_text="Hello, $code")
    ApiVisitor().sign_up(phone_number=PHONE, strategy="phone_code")
    ApiVisitor().sign_up(email_address=EMAIL, strategy="email_code")
    ApiVisitor().sign_in("nobody@example.com", "email_code")
    sms, mail, note = memory.sent
    assert sms.text == f"Hello, {sms.code}\n\n@example.com #{sms.code}"
    assert mail.subject == f"Hello, {mail.code}"
    assert note.subject == "No account for this address at Larder"


def test_code_is_left_out_of_the_subject_if_the_operator_says_so():
    operate(code_in_subject=False)
    asked()
    [mail] = memory.sent
    assert mail.subject == "Your sign-up code for example.com"
    assert mail.code in mail.text


def test_message_without_public_url_has_no_link_and_no_last_line(settings):
    use(settings, PUBLIC_URL="")
    both_kinds()
    ApiVisitor().sign_up(phone_number=PHONE, strategy="phone_code")
    ApiVisitor().sign_in("nobody@example.com", "email_code")
    sms, note = memory.sent
    assert "@" not in sms.text
    assert "http" not in note.text
    assert "this site" in sms.text


def test_message_contains_nothing_that_a_visitor_typed():
    operate(first_name="optional")
    visitor = ApiVisitor(**{"User-Agent": "evil.example"})
    typed = {"first_name": "evil.example", "unsafe_metadata": '{"a": "evil.example"}'}
    visitor.sign_up(email_address=EMAIL, strategy="email_code", **typed)
    assert "evil" not in memory.sent[0].text + memory.sent[0].subject
