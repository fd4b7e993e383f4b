"""Who is told of a sign-in, what she is told, and that no sign-in gets lost on the way."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError
from django.utils import timezone

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


def test_a_sign_in_in_a_new_browser_is_told_to_every_mailbox_of_the_user():
    joined()
    both_kinds()
    add(OTHER, PHONE)
    signed_in_anew()
    assert sorted(told()) == [EMAIL, OTHER]


def test_a_browser_in_which_she_has_signed_in_before_is_no_news():
    visitor = joined()
    visitor.http.delete("/auth/v1/client", headers={"Origin": "http://testserver"})
    visitor.sign_in(EMAIL, "email_code")
    visitor.attempt(newest_code())
    assert visitor.signed_in
    assert not notices()


def test_neither_a_sign_up_nor_a_first_sign_in_is_news():
    joined()
    user = get_user_model().objects.create(username="imported")
    Identifier.objects.create(user=user, kind="email_address", value=OTHER)
    signed_in_anew(OTHER)
    assert not notices()
    signed_in_anew(OTHER)
    assert told() == [OTHER]


def test_a_sign_up_that_signs_the_owner_in_is_news():
    joined()
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    visitor.attempt(newest_code())
    assert visitor.signed_in
    assert told() == [EMAIL]


def test_a_wrong_code_is_no_news():
    joined()
    started().attempt("000000")
    assert not notices()


def test_without_a_mailbox_the_phones_are_told_that_got_no_code():
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


def test_a_test_identifier_gets_nothing():
    joined()
    operate(test_mode=True)
    TestAddress.objects.create(identifier=EMAIL, code="424242", until=timezone.localdate())
    assert started().attempt("424242").status_code == 200
    assert told() == []
    assert notices().get().status == "suppressed"


def test_it_says_when_and_where_and_nothing_that_a_visitor_has_typed():
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


def test_a_site_without_a_public_address_sends_no_link(settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "PUBLIC_URL": ""}
    joined()
    signed_in_anew()
    assert "tell the people who run the site" in memory.sent[-1].text
    assert "href" not in memory.sent[-1].html


@pytest.mark.parametrize(("before", "expected"), [("de", "de"), ("", "en-us")])
def test_it_is_in_the_language_that_she_had_before_and_not_in_the_strangers(before, expected):
    joined()
    Message.objects.update(language=before)
    visitor = ApiVisitor(**{"Accept-Language": "ja"})
    visitor.sign_in(EMAIL, "email_code")
    visitor.attempt(newest_code())
    assert visitor.signed_in
    assert notices().get().language == expected


def test_the_worker_writes_the_notices_once(settings):
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
        assert deliver.deliver_message(hooks.recorded[-1]) is None
    assert told() == [EMAIL]
    assert notices().get().status == "sent"


def test_a_sign_in_that_a_queue_has_lost_is_found(settings):
    joined()
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.down"}
    visitor = started()
    assert visitor.attempt(Verification.objects.latest("pk").code()).status_code == 200
    assert not notices()
    recover.recover_all()
    assert notices().get().status == "sent"
    assert recover.recover_all() == 0


def test_a_notice_that_no_provider_takes_is_tried_again_under_the_id_of_the_sign_in(settings):
    joined()
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.record"}
    visitor = started()
    visitor.attempt(Verification.objects.latest("pk").code())
    flow = Flow.objects.latest("pk")
    down = [{"BACKEND": "tests.hooks.Raises", "OPTIONS": {"name": "Unavailable"}}]
    working = settings.PASSWORDLESS_OTP
    settings.PASSWORDLESS_OTP = {**working, "DELIVERY": {"email": down}}
    again = deliver.deliver_message(f"sign_in:{flow.pk}")
    assert again > timezone.now()
    settings.PASSWORDLESS_OTP = working
    notices().update(next_try_at=timezone.now() - timedelta(seconds=1))
    assert deliver.deliver_message(f"sign_in:{flow.pk}") is None
    assert notices().get().status == "sent"


@pytest.mark.parametrize("broken", [{"to": ""}, {"user": None}, {"kind": "sign_in"}])
def test_the_database_holds_no_notice_without_a_recipient_and_no_code_with_one(broken):
    joined()
    signed_in_anew()
    with pytest.raises(IntegrityError):
        notices().update(**broken)


def test_the_database_holds_no_code_without_a_verification():
    joined()
    with pytest.raises(IntegrityError):
        Message.objects.update(verification=None)


def test_notices_go_with_their_user():
    joined()
    signed_in_anew()
    assert notices()
    get_user_model().objects.get().delete()
    assert not Message.objects.all()
