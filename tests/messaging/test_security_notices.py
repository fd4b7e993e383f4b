"""Who is notified of a sign-in, what the notice says, and that none is lost on the way."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError
from django.utils import timezone, translation

from passwordless_otp import sms
from passwordless_otp.messaging import deliver, recover
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Flow, Identifier, Message, TestAddress, Verification
from passwordless_otp.models.messages import MessageKind
from tests import hooks
from tests.visitor import EMAIL, PHONE, ApiVisitor, both_kinds, joined, newest_code, operate, started

pytestmark = pytest.mark.django_db
OTHER, SECOND_PHONE = "jane@work.example", "+14155552672"


def signed_in_anew(identifier=EMAIL, strategy="email_code", **more):
    visitor = started(identifier, strategy, **more)
    assert visitor.attempt(newest_code(identifier), strategy).status_code == 200
    return visitor


def add(*values):
    user = get_user_model().objects.get()
    for value in values:
        kind = "email_address" if "@" in value else "phone_number"
        Identifier.objects.create(user=user, kind=kind, value=value, primary=False)


def told():
    return [message.to for message in memory.sent if "Not you?" in message.text or "not-me/" in message.text]


def notices():
    return Message.objects.filter(kind=MessageKind.SECURITY_NOTICE)


def test_sign_in_in_a_new_browser_notifies_every_mailbox_of_the_user():
    joined()
    both_kinds()
    add(OTHER, PHONE)
    signed_in_anew()
    assert sorted(told()) == [EMAIL, OTHER]


def test_sign_in_in_a_recognised_browser_notifies_nobody():
    visitor = joined()
    visitor.http.delete("/auth/v1/client", headers={"Origin": "http://testserver"})
    visitor.sign_in(EMAIL, "email_code")
    visitor.attempt(newest_code())
    assert visitor.signed_in
    assert not notices()


def test_sign_up_and_first_sign_in_notify_nobody():
    joined()
    user = get_user_model().objects.create(username="imported")
    Identifier.objects.create(user=user, kind="email_address", value=OTHER)
    signed_in_anew(OTHER)
    assert not notices()
    signed_in_anew(OTHER)
    assert told() == [OTHER]


def test_sign_up_that_signs_the_owner_in_notifies_them():
    joined()
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    visitor.attempt(newest_code())
    assert visitor.signed_in
    assert told() == [EMAIL]


def test_wrong_code_notifies_nobody():
    joined()
    started().attempt("000000")
    assert not notices()


def test_user_without_a_mailbox_is_notified_at_the_phones_that_got_no_code():
    both_kinds(email_address_required=False)
    visitor = ApiVisitor()
    visitor.sign_up(phone_number=PHONE, strategy="phone_code")
    visitor.attempt(newest_code(), "phone_code")
    signed_in_anew(PHONE, "phone_code")
    assert told() == []
    add(SECOND_PHONE)
    signed_in_anew(PHONE, "phone_code")
    assert told() == [SECOND_PHONE]
    assert sms.segments(memory.sent[-1].text) == 1
    assert "#" not in memory.sent[-1].text


def test_test_address_gets_no_notice():
    joined()
    operate(test_mode=True)
    TestAddress.objects.create(identifier=EMAIL, code="424242", until=timezone.localdate())
    assert started().attempt("424242").status_code == 200
    assert told() == []
    assert notices().get().status == "suppressed"


def test_notice_says_when_and_where_and_nothing_that_a_visitor_typed():
    joined(unsafe_metadata='{"a": "gotcha"}')
    operate(application_name="Larder")
    visitor = ApiVisitor(**{"User-Agent": "gotcha"})
    visitor.sign_in(EMAIL, "email_code")
    visitor.attempt(newest_code())
    message = memory.sent[-1]
    assert message.subject == "New sign-in to Larder"
    assert re.search(r"on \w+\.? \d+, 20\d\d, .* \(\w+\)", message.text)
    for part in [message.text, message.html]:
        assert re.search(r"https://example.com/auth/not-me/[\w:-]+/", part)
        assert "gotcha" not in part
        assert message.code == ""
    [link] = re.findall(r'href="(.*?)"', message.html)
    assert link in message.text
    assert link not in str(notices().values())


def test_notice_without_public_url_has_no_link(settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "PUBLIC_URL": ""}
    joined()
    signed_in_anew()
    assert "tell the people who run the site" in memory.sent[-1].text
    assert "href" not in memory.sent[-1].html


def test_notice_is_in_the_language_of_a_sign_up_that_began_on_the_sign_in_page():
    visitor = ApiVisitor(**{"Accept-Language": "de"})
    visitor.sign_in(EMAIL, "email_code", sign_up_if_missing=True)
    visitor.attempt(newest_code())
    visitor.sign_up(transfer=True)
    assert visitor.signed_in
    translation.activate("en")
    signed_in_anew(EMAIL)
    assert notices().get().language == "de"


@pytest.mark.parametrize(("before", "expected"), [("de", "de"), ("", "en-us")])
def test_notice_is_in_the_language_of_earlier_messages(before, expected):
    joined()
    Message.objects.update(language=before)
    visitor = ApiVisitor(**{"Accept-Language": "ja"})
    visitor.sign_in(EMAIL, "email_code")
    visitor.attempt(newest_code())
    assert visitor.signed_in
    assert notices().get().language == expected


def test_worker_writes_the_notices_once(settings):
    joined()
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.record"}
    hooks.recorded.clear()
    visitor = started()
    code = Verification.objects.latest("pk").code()
    assert visitor.attempt(code).status_code == 200
    flow = Flow.objects.latest("pk")
    assert hooks.recorded[-1] == f"sign_in:{flow.pk}"
    assert not notices()
    for _ in range(2):
        assert deliver.run_job(hooks.recorded[-1]) is None
    assert told() == [EMAIL]
    assert notices().get().status == "sent"


def test_sign_in_that_a_queue_has_lost_is_recovered(settings):
    joined()
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.down"}
    visitor = started()
    assert visitor.attempt(Verification.objects.latest("pk").code()).status_code == 200
    assert not notices()
    recover.recover_all()
    assert notices().get().status == "sent"
    assert recover.recover_all() == 0


def test_notice_that_no_provider_takes_is_tried_again_by_the_same_job(settings):
    joined()
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.record"}
    visitor = started()
    visitor.attempt(Verification.objects.latest("pk").code())
    flow = Flow.objects.latest("pk")
    down = [{"BACKEND": "tests.hooks.Raises", "OPTIONS": {"name": "Unavailable"}}]
    working = settings.PASSWORDLESS_OTP
    settings.PASSWORDLESS_OTP = {**working, "DELIVERY": {"email": down}}
    again = deliver.run_job(f"sign_in:{flow.pk}")
    assert again > timezone.now()
    settings.PASSWORDLESS_OTP = working
    notices().update(next_try_at=timezone.now() - timedelta(seconds=1))
    assert deliver.run_job(f"sign_in:{flow.pk}") is None
    assert notices().get().status == "sent"


@pytest.mark.parametrize("broken", [{"to": ""}, {"user": None}, {"kind": "sign_in"}])
def test_database_refuses_a_notice_without_a_recipient_and_a_code_with_one(broken):
    joined()
    signed_in_anew()
    with pytest.raises(IntegrityError):
        notices().update(**broken)


def test_database_refuses_a_code_without_a_verification():
    joined()
    with pytest.raises(IntegrityError):
        Message.objects.update(verification=None)


def test_notices_are_deleted_with_their_user():
    joined()
    signed_in_anew()
    assert notices()
    get_user_model().objects.get().delete()
    assert not Message.objects.all()
