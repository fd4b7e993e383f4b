"""The single box: an identifier that nobody has goes on to a sign-up, with the same code."""

import pytest
from django.contrib.auth import get_user_model

from passwordless_otp.flows import sign_up
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Flow, Identifier
from tests.pages.conftest import (
    EMAIL,
    PHONE,
    SIGN_IN,
    SIGN_IN_VERIFY,
    SIGN_UP,
    SIGN_UP_VERIFY,
    newest_code,
    text_of,
)


@pytest.mark.parametrize("identifier", [EMAIL, PHONE])
def test_unknown_identifier_is_asked_about_before_it_becomes_an_account(visitor, both, identifier):
    visitor.ask(identifier)
    asked = visitor.submit(SIGN_IN_VERIFY + "?next=/there/", {"code": newest_code()})
    assert (asked.status_code, asked["Location"]) == (303, f"{SIGN_UP}?next=%2Fthere%2F")
    assert not get_user_model().objects.exists()
    page = text_of(visitor.get(asked["Location"]))
    assert "there is no account with this yet" in page
    assert f"<bdi>{identifier}</bdi>" in page
    assert f'href="{SIGN_IN}?new=1&amp;next=%2Fthere%2F">Use another' in page
    done = visitor.submit(asked["Location"])
    assert (done.status_code, done["Location"]) == (303, "/there/")
    assert Identifier.objects.get().value == identifier
    assert visitor.user_id == str(get_user_model().objects.get().pk)
    assert len(memory.sent) == 1


def test_identifier_that_has_got_an_owner_meanwhile_signs_them_in_unasked(visitor, make_user, monkeypatch):
    visitor.ask()
    create = sign_up.create

    def late(*arguments, **options):
        make_user(EMAIL)
        return create(*arguments, **options)

    monkeypatch.setattr(sign_up, "create", late)
    assert visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()})["Location"] == "/"
    assert visitor.user_id == str(get_user_model().objects.get().pk)


def test_another_identifier_after_a_mistyped_one_begins_with_an_empty_form(visitor, make_user):
    visitor.ask("jane@exmaple.com")
    visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()})
    assert "jane@exmaple.com" not in text_of(visitor.get(f"{SIGN_IN}?new=1"))
    user = make_user(EMAIL)
    visitor.ask(EMAIL)
    visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()})
    assert visitor.user_id == str(user.pk)
    assert get_user_model().objects.count() == 1


def test_what_else_is_asked_comes_on_a_form_that_shows_what_is_proven(visitor, configure):
    configure(first_name="required")
    visitor.ask()
    gone_on = visitor.submit(SIGN_IN_VERIFY, {"code": newest_code(), "next": "/there/"})
    assert gone_on["Location"] == f"{SIGN_UP}?next=%2Fthere%2F"
    page = text_of(visitor.get(gone_on["Location"]))
    assert f"<bdi>{EMAIL}</bdi>" in page
    assert 'name="email_address"' not in page
    done = visitor.submit(gone_on["Location"], {"first_name": "Jane"})
    assert done["Location"] == "/there/"
    assert get_user_model().objects.get().first_name == "Jane"
    assert len(memory.sent) == 1


def test_a_second_required_identifier_is_proven_as_well(visitor, both, configure):
    configure(phone_number_required=True)
    visitor.ask()
    visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()})
    assert visitor.submit(SIGN_UP, {"phone_number": PHONE})["Location"] == SIGN_UP_VERIFY
    visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()})
    assert Identifier.objects.count() == 2


def test_a_form_that_lacks_something_keeps_what_is_proven(visitor, configure):
    configure(first_name="required")
    visitor.ask()
    visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()})
    page = visitor.submit(SIGN_UP)
    assert page.status_code == 422
    assert f"<bdi>{EMAIL}</bdi>" in text_of(page)
    assert 'id="id_first_name_error"' in text_of(page)


def test_where_sign_up_is_closed_no_code_gets_anybody_in(visitor, configure):
    configure(sign_up_mode="closed")
    visitor.ask()
    assert memory.sent[-1].code == ""
    assert visitor.submit(SIGN_IN_VERIFY, {"code": "123456"}).status_code == 422
    assert not get_user_model().objects.exists()


def test_a_sign_up_closed_between_code_and_answer_makes_nobody(visitor, configure):
    visitor.ask()
    configure(sign_up_mode="closed")
    assert visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()}).status_code == 422
    assert not Flow.objects.filter(purpose="sign_up").exists()


def test_the_browser_gets_a_new_cookie_with_its_session(visitor):
    visitor.ask()
    before = visitor.cookies["otp_client"].value
    visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()})
    assert visitor.cookies["otp_client"].value != before
    assert visitor.cookies["otp_client"]["httponly"]
