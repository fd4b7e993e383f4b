"""The pages of a sign-up: what is asked of somebody new."""

import re

import pytest
from django.contrib.auth import get_user_model

from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Flow, Identifier, Message
from passwordless_otp.rate_limits import windows
from tests.pages.conftest import (
    EMAIL,
    PHONE,
    SIGN_IN,
    SIGN_UP,
    SIGN_UP_VERIFY,
    newest_code,
    text_of,
    wrong_code,
)


def users():
    return get_user_model().objects


@pytest.mark.parametrize(("field", "value"), [("email_address", EMAIL), ("phone_number", PHONE)])
def test_a_code_makes_a_user_who_is_signed_in(visitor, both, field, value):
    asked = visitor.submit(SIGN_UP, {field: value})
    assert (asked.status_code, asked["Location"]) == (303, SIGN_UP_VERIFY)
    assert not users().exists()
    done = visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()})
    assert (done.status_code, done["Location"]) == (303, "/")
    assert visitor.user_id == str(Identifier.objects.get(kind=field, value=value).user_id)


def test_a_wrong_code_makes_nobody(visitor):
    visitor.submit(SIGN_UP, {"email_address": EMAIL})
    page = visitor.submit(SIGN_UP_VERIFY, {"code": wrong_code()})
    assert page.status_code == 422
    assert 'id="id_code_error"' in text_of(page)
    assert not users().exists()


def test_only_what_is_offered_is_asked_for(visitor, configure):
    assert re.findall(r'<input type="text" name="(\w+)"', text_of(visitor.get(SIGN_UP))) == ["email_address"]
    configure(first_name="optional", last_name="required", username="optional")
    page = text_of(visitor.get(SIGN_UP))
    assert re.findall(r'<input type="text" name="(\w+)"', page) == [
        "email_address",
        "first_name",
        "last_name",
        "username",
    ]
    assert [label.strip() for label in re.findall(r">([\w ]+)<span class=.otp-optional", page)] == [
        "First name",
        "Username",
    ]
    assert re.findall(r'name="(\w+)"[^>]* required', page) == ["email_address", "last_name"]


def test_where_either_identifier_will_do_the_page_says_so(visitor, both):
    empty = text_of(visitor.get(SIGN_UP))
    assert "at least one is needed" in empty
    assert "(optional)" not in empty
    page = visitor.submit(SIGN_UP)
    assert page.status_code == 422
    assert "Type your email address or your phone number." in text_of(page)
    assert not Flow.objects.exists()


def test_one_that_does_not_identify_does_not_do(visitor, configure):
    configure(phone_number_enabled=True, phone_code=True)
    assert "at least one" not in text_of(visitor.get(SIGN_UP))
    assert visitor.submit(SIGN_UP, {"phone_number": PHONE}).status_code == 422


def test_everything_missing_is_said_at_once_each_at_its_field(visitor, configure):
    configure(email_address_required=True, first_name="required", username="required")
    page = text_of(visitor.submit(SIGN_UP))
    for name in ["email_address", "first_name", "username"]:
        assert f'id="id_{name}_error"' in page


def test_two_required_identifiers_are_proven_one_after_the_other(visitor, both, configure):
    configure(email_address_required=True, phone_number_required=True)
    visitor.submit(SIGN_UP, {"email_address": EMAIL, "phone_number": PHONE})
    assert [message.to for message in memory.sent] == [EMAIL]
    assert "Check your email" in text_of(visitor.get(SIGN_UP_VERIFY))
    first = visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()})
    assert first["Location"] == SIGN_UP_VERIFY
    assert [message.to for message in memory.sent] == [EMAIL, PHONE]
    assert "Check your phone" in text_of(visitor.get(SIGN_UP_VERIFY))
    assert not users().exists()
    visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()})
    assert set(Identifier.objects.values_list("value", flat=True)) == {EMAIL, PHONE}
    assert visitor.user_id


def test_after_one_is_proven_the_form_shows_it_so_and_asks_for_the_rest(visitor, both, configure):
    configure(email_address_required=True, phone_number_required=True)
    visitor.submit(SIGN_UP, {"email_address": EMAIL, "phone_number": PHONE})
    visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()})
    page = text_of(visitor.get(SIGN_UP))
    assert f"<bdi>{EMAIL}</bdi>" in page
    assert 'name="email_address"' not in page
    visitor.submit(SIGN_UP, {"phone_number": "+14155552672"})
    assert memory.sent[-1].to == "+14155552672"
    visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()})
    assert set(Identifier.objects.values_list("value", flat=True)) == {EMAIL, "+14155552672"}


def test_somebody_may_leave_what_is_proven_and_begin_afresh(visitor, both, configure):
    configure(email_address_required=True, phone_number_required=True)
    visitor.submit(SIGN_UP, {"email_address": EMAIL, "phone_number": PHONE})
    visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()})
    assert f'href="{SIGN_UP}?new=1"' in text_of(visitor.get(SIGN_UP))
    page = text_of(visitor.get(SIGN_UP, {"new": "1"}))
    assert EMAIL not in page
    assert 'name="email_address"' in page
    other = {"email_address": "other@example.com", "phone_number": PHONE, "new": "1"}
    assert visitor.submit(SIGN_UP, other)["Location"] == SIGN_UP_VERIFY
    assert memory.sent[-1].to == "other@example.com"


def test_sign_up_begun_afresh_with_the_same_sends_the_code_that_is_missing(visitor, both, configure):
    configure(email_address_required=True, phone_number_required=True)
    same = {"email_address": EMAIL, "phone_number": PHONE}
    visitor.submit(SIGN_UP, same)
    visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()})
    assert visitor.submit(SIGN_UP, {**same, "new": "1"})["Location"] == SIGN_UP_VERIFY
    assert memory.sent[-1].to == PHONE


def test_names_are_kept_for_the_user(visitor, configure):
    configure(first_name="required", last_name="optional", username="required")
    visitor.submit(SIGN_UP, {"email_address": EMAIL, "first_name": " Jane ", "username": "jane"})
    visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()})
    user = users().get()
    assert (user.first_name, user.last_name, user.username) == ("Jane", "", "jane")


def test_the_keyboard_starts_at_the_first_field_that_is_wrong(visitor, both):
    page = text_of(visitor.submit(SIGN_UP, {"email_address": EMAIL, "phone_number": "12"}))
    assert re.findall(r'name="(\w+)"[^>]* autofocus', page) == ["phone_number"]
    assert re.findall(r'name="(\w+)"[^>]* autofocus', text_of(visitor.get(SIGN_UP))) == ["email_address"]


def test_a_taken_username_is_said_at_its_field(visitor, configure, make_user):
    configure(username="required")
    make_user("other@example.com")
    page = visitor.submit(SIGN_UP, {"email_address": EMAIL, "username": "user0"})
    assert page.status_code == 422
    assert 'id="id_username_error"' in text_of(page)
    assert f'value="{EMAIL}"' in text_of(page)


def test_a_username_taken_meanwhile_is_asked_for_again_with_the_sign_up_open(visitor, configure):
    configure(username="required")
    visitor.submit(SIGN_UP, {"email_address": EMAIL, "username": "jane"})
    rival = users().create_user(username="jane")
    page = visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()})
    assert page.status_code == 422
    assert 'id="id_username_error"' in text_of(page)
    assert f'action="{SIGN_UP}"' in text_of(page)
    assert f"<bdi>{EMAIL}</bdi>" in text_of(page)
    done = visitor.submit(SIGN_UP, {"username": "jane2"})
    assert done["Location"] == "/"
    assert visitor.user_id not in {None, str(rival.pk)}


def test_an_address_that_the_sites_users_have_already_is_refused_after_proof(visitor, both, make_user):
    make_user(EMAIL)
    make_user(PHONE)
    visitor.submit(SIGN_UP, {"email_address": EMAIL, "phone_number": PHONE})
    visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()})
    page = visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()})
    assert page.status_code == 409
    assert "This belongs to an account" in text_of(page)
    assert f'href="{SIGN_UP}?new=1"' in text_of(page)
    assert not visitor.user_id


def test_proving_an_address_that_is_taken_signs_its_owner_in(visitor, make_user):
    user = make_user(EMAIL)
    visitor.submit(SIGN_UP, {"email_address": EMAIL})
    visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()})
    assert visitor.user_id == str(user.pk)


def test_without_protection_a_taken_address_is_said_at_its_field(visitor, configure, make_user):
    configure(enumeration_protection=False)
    make_user(EMAIL)
    page = visitor.submit(SIGN_UP, {"email_address": EMAIL})
    assert page.status_code == 422
    assert 'id="id_email_address_error"' in text_of(page)


@pytest.mark.parametrize("method", ["get", "submit"])
def test_a_closed_sign_up_says_so_and_leads_to_sign_in(visitor, configure, method):
    configure(sign_up_mode="closed")
    page = getattr(visitor, method)(SIGN_UP, {"email_address": EMAIL})
    assert page.status_code == 403
    assert "takes no new accounts" in text_of(page)
    assert f'href="{SIGN_IN}"' in text_of(page)
    assert "Create an account" not in text_of(visitor.get(SIGN_IN))


def test_a_sign_up_closed_meanwhile_goes_no_further(visitor, configure):
    visitor.submit(SIGN_UP, {"email_address": EMAIL})
    configure(sign_up_mode="closed")
    assert visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()}).status_code == 403
    assert not users().exists()


@pytest.mark.parametrize("path", [SIGN_IN, SIGN_UP])
def test_where_nothing_is_enabled_the_page_says_so(visitor, configure, path):
    configure(email_address_enabled=False)
    page = visitor.get(path)
    assert page.status_code == 200
    assert "Not available" in text_of(page)
    assert visitor.submit(path, {"identifier": EMAIL}).status_code in {400, 403, 422}


def test_the_code_page_without_a_sign_up_leads_to_its_start(visitor):
    answer = visitor.get(SIGN_UP_VERIFY)
    assert (answer.status_code, answer["Location"]) == (303, SIGN_UP)


def test_asking_again_sends_nothing_within_the_interval(visitor):
    visitor.submit(SIGN_UP, {"email_address": EMAIL})
    assert visitor.submit(SIGN_UP_VERIFY, {"send": "1"})["Location"] == SIGN_UP_VERIFY
    assert visitor.submit(SIGN_UP, {"email_address": EMAIL})["Location"] == SIGN_UP_VERIFY
    assert Message.objects.count() == 1


def test_code_is_sent_though_a_parallel_request_has_opened_the_sign_up_without_one(visitor, monkeypatch):
    visitor.submit(SIGN_IN, {"identifier": EMAIL})  # from now on the browser is known
    client, consume = Flow.objects.get().client, windows.consume
    details = dict.fromkeys(["first_name", "last_name", "username", "unsafe_metadata"], "")

    def meanwhile(*given, **options):
        monkeypatch.setattr(windows, "consume", consume)
        Flow.objects.create(client=client, purpose="sign_up", email_address=EMAIL, details=details)
        return consume(*given, **options)

    monkeypatch.setattr(windows, "consume", meanwhile)
    memory.sent.clear()
    response = visitor.submit(SIGN_UP, {"email_address": EMAIL})
    assert (response.status_code, response["Location"]) == (303, SIGN_UP_VERIFY)
    assert [message.to for message in memory.sent] == [EMAIL]
