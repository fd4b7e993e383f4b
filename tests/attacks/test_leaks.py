"""No code, and nothing that yields one without the key: in tables, logs, reprs, exceptions."""

import hashlib
import hmac
import logging
from datetime import timedelta

import pytest
from django.apps import apps
from django.core import serializers
from django.db import connection
from django.utils import timezone

from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import TestAddress, Verification
from tests.visitor import EMAIL, PHONE, ApiVisitor, both_kinds, joined, newest_code, operate, wrong

pytestmark = pytest.mark.django_db


def use_everything():
    """A run through everything that has to do with a code."""
    both_kinds()
    joined()
    for purpose, strategy, given in [
        ("sign_in", "email_code", {"identifier": EMAIL}),
        ("sign_in", "email_code", {"identifier": "nobody@example.com", "sign_up_if_missing": True}),
        ("sign_up", "phone_code", {"phone_number": PHONE}),
        ("sign_in", "email_code", {"identifier": "ghost@example.com"}),
    ]:
        visitor = ApiVisitor()
        visitor.create(purpose, strategy=strategy, **given)
        code = newest_code() or "000000"
        visitor.attempt(wrong(code), strategy)
        visitor.attempt("nonsense", strategy)
        visitor.prepare(strategy)
        visitor.attempt(code, strategy)
        visitor.attempt(code, strategy)
    waiting = ApiVisitor()
    waiting.sign_in(EMAIL, "email_code")
    return {message.code for message in memory.sent if message.code}


def digests(code):
    raw = code.encode()
    yield code
    for name in ["md5", "sha1", "sha256", "sha512"]:
        yield hashlib.new(name, raw).hexdigest()
        yield hmac.new(b"tests only", raw, name).hexdigest()


def dump():
    tables = [model for model in apps.get_models() if model._meta.managed and not model._meta.proxy]
    text = "".join(serializers.serialize("json", model._base_manager.all()) for model in tables)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM passwordless_otp_flow")
        text += str(cursor.fetchall())
    return text


def words(text):
    """The words of a text, so that six digits within a longer number are not mistaken for a code."""
    return set("".join(c if c.isalnum() else " " for c in text).split())


def test_no_code_and_no_digest_of_one_stands_in_any_table_or_log(caplog):
    with caplog.at_level(logging.DEBUG):
        codes = use_everything()
    assert len(codes) >= 5
    logged = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "django.db.backends" not in {record.name for record in caplog.records}
    stored, said = words(dump()), words(logged)
    for code in codes:
        for secret in digests(code):
            assert secret not in stored
            assert secret not in said


def test_a_nonce_is_there_only_while_its_code_lives():
    use_everything()
    for verification in Verification.objects.select_related("flow"):
        live = verification.status == "unverified" and verification.flow.status == "open"
        assert bool(verification.nonce) == live


def test_what_is_stored_yields_no_code_without_the_key(settings):
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    verification = Verification.objects.get()
    assert verification.code() == newest_code()
    settings.SECRET_KEY_FALLBACKS = []
    settings.SECRET_KEY = "guess"
    with pytest.raises(Exception, match="no key"):
        verification.code()


def test_nothing_shows_a_code_by_its_repr():
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    [message] = memory.sent
    verification = Verification.objects.get()
    for thing in [message, verification, verification.flow, verification.messages.get()]:
        assert message.code not in repr(thing) + str(thing)
        assert verification.nonce not in repr(thing) + str(thing)
        assert EMAIL not in repr(verification) + str(verification.messages.get())


def test_a_provider_that_fails_with_the_text_in_its_exception_leaves_no_trace_of_it(settings, caplog):
    broken = [{"BACKEND": "tests.hooks.Shouting"}]
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {"email": broken}}
    with caplog.at_level(logging.DEBUG):
        ApiVisitor().sign_up(email_address=EMAIL, strategy="email_code")
    code = Verification.objects.get().code()
    assert code not in words(caplog.text)
    assert code not in words(dump())
    assert "RuntimeError" in caplog.text


def test_logs_show_identifiers_masked(caplog):
    with caplog.at_level(logging.DEBUG):
        use_everything()
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("passwordless_otp")]
    assert ours
    assert not any(EMAIL in line or PHONE in line for line in ours)


def test_a_test_identifier_works_with_its_fixed_code_and_nothing_is_sent():
    both_kinds(test_mode=True)
    tomorrow = timezone.localdate() + timedelta(days=1)
    TestAddress.objects.create(identifier="+11111111111", code="123456", until=tomorrow)
    visitor = ApiVisitor()
    visitor.sign_up(phone_number="+1 111 111 1111", strategy="phone_code")
    assert not memory.sent
    derived = Verification.objects.get().code()
    assert visitor.attempt(derived, "phone_code").status_code == (200 if derived == "123456" else 422)
    assert visitor.attempt("123456", "phone_code").status_code == 200


@pytest.mark.parametrize("off", [{"test_mode": False}, {"days": -1}])
def test_a_test_identifier_is_nothing_when_test_mode_is_off_or_its_time_over(off):
    both_kinds(test_mode=off.get("test_mode", True))
    until = timezone.localdate() + timedelta(days=off.get("days", 1))
    TestAddress.objects.create(identifier=EMAIL, code="123456", until=until)
    TestAddress.objects.create(identifier="+11111111111", code="123456", until=until)
    assert ApiVisitor().sign_up(phone_number="+11111111111").status_code == 422
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    assert len(memory.sent) == 1
    assert visitor.attempt("123456").status_code == (200 if newest_code() == "123456" else 422)


def test_staff_never_sign_in_by_a_fixed_code():
    joined()
    from django.contrib.auth import get_user_model

    get_user_model().objects.update(is_staff=True)
    operate(test_mode=True, staff_sign_in=True)
    tomorrow = timezone.localdate() + timedelta(days=1)
    TestAddress.objects.create(identifier=EMAIL, code="123456", until=tomorrow)
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code")
    assert visitor.attempt("123456").status_code == 422
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    assert visitor.attempt("123456").status_code == 409
