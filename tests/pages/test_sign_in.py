"""The pages of a sign-in: what is asked, what is said, what is never done."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Flow, Message, Verification
from tests.pages.conftest import (
    EMAIL,
    PHONE,
    SIGN_IN,
    SIGN_IN_VERIFY,
    SIGN_UP,
    PageVisitor,
    newest_code,
    text_of,
    wrong_code,
)


@pytest.mark.parametrize("identifier", [EMAIL, PHONE])
def test_a_code_signs_its_owner_in(visitor, both, make_user, identifier):
    user = make_user(identifier)
    asked = visitor.ask(identifier)
    assert (asked.status_code, asked["Location"]) == (303, SIGN_IN_VERIFY)
    done = visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()})
    assert (done.status_code, done["Location"]) == (303, "/")
    assert visitor.user_id == str(user.pk)


@pytest.mark.parametrize("how", ["{} ", "{0[0]}{0[1]}{0[2]}-{0[3]}{0[4]}{0[5]}", "your code is {}"])
def test_a_code_may_be_pasted_as_it_comes(visitor, make_user, how):
    make_user(EMAIL)
    visitor.ask()
    visitor.submit(SIGN_IN_VERIFY, {"code": how.format(newest_code())})
    assert visitor.user_id


def test_a_wrong_code_is_said_at_its_field_and_costs_a_try(visitor, make_user):
    make_user(EMAIL)
    visitor.ask()
    page = visitor.submit(SIGN_IN_VERIFY, {"code": wrong_code()})
    field = re.search(r'<input type="text" name="code".*?>', text_of(page)).group()
    assert page.status_code == 422
    assert 'aria-invalid="true"' in field
    assert "id_code_error" in field
    assert re.search(r'role="alert" id="id_code_error"><p>This code is not right', text_of(page))
    assert wrong_code() not in text_of(page)
    assert Verification.objects.get().tries == 1
    assert not visitor.user_id


def test_no_code_at_all_costs_nothing(visitor, make_user):
    make_user(EMAIL)
    visitor.ask()
    assert visitor.submit(SIGN_IN_VERIFY).status_code == 422
    assert Verification.objects.get().tries == 0


def test_after_too_many_wrong_codes_the_way_on_is_to_start_again(visitor, configure, make_user):
    configure(max_tries=1)
    make_user(EMAIL)
    visitor.ask()
    page = visitor.submit(SIGN_IN_VERIFY, {"code": wrong_code()})
    for shown in [page, visitor.get(SIGN_IN_VERIFY)]:
        assert "Too many wrong codes" in text_of(shown)
        assert "Start again" in text_of(shown)
        assert 'name="code"' not in text_of(shown)
        assert 'name="send"' not in text_of(shown)
    assert page.status_code == 400
    visitor.ask()
    visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()})
    assert visitor.user_id


def test_an_expired_code_can_be_replaced_where_it_was_typed(visitor, make_user):
    make_user(EMAIL)
    visitor.ask()
    old = newest_code()
    past = timezone.now() - timedelta(minutes=20)
    Verification.objects.update(expires_at=past, last_sent_at=past)
    page = visitor.submit(SIGN_IN_VERIFY, {"code": old})
    assert page.status_code == 400
    assert "This code has expired" in text_of(page)
    send = re.search(r'name="send" value="(\w+)"', text_of(page)).group(1)
    assert visitor.submit(SIGN_IN_VERIFY, {"send": send}).status_code == 303
    visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()})
    assert visitor.user_id


def test_an_abandoned_sign_in_can_only_be_started_again(visitor, make_user):
    make_user(EMAIL)
    visitor.ask()
    Flow.objects.update(expires_at=timezone.now())
    page = visitor.get(SIGN_IN_VERIFY)
    assert "Start again" in text_of(page)
    assert 'name="send"' not in text_of(page)
    assert visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()}).status_code == 400


def test_asking_again_at_once_sends_nothing_and_says_how_long_to_wait(visitor, make_user):
    make_user(EMAIL)
    visitor.ask()
    page = text_of(visitor.get(SIGN_IN_VERIFY))
    assert re.search(r"You can ask for another in \d+ seconds", page)
    send = re.search(r'name="send" value="(\w+)"', page).group(1)
    assert visitor.submit(SIGN_IN_VERIFY, {"send": send}).status_code == 303
    assert len(memory.sent) == 1


def test_asking_again_later_sends_the_same_code(visitor, make_user):
    make_user(EMAIL)
    visitor.ask()
    Verification.objects.update(last_sent_at=timezone.now() - timedelta(minutes=1))
    page = text_of(visitor.get(SIGN_IN_VERIFY))
    assert "You can ask" not in page
    visitor.submit(SIGN_IN_VERIFY, {"send": re.search(r'name="send" value="(\w+)"', page).group(1)})
    assert [message.code for message in memory.sent] == [newest_code()] * 2


def test_too_many_messages_are_refused_with_when_to_try_again(visitor, configure, make_user):
    configure(messages_per_flow=1)
    make_user(EMAIL)
    visitor.ask()
    Verification.objects.update(last_sent_at=timezone.now() - timedelta(minutes=1))
    page = visitor.ask()
    assert page.status_code == 429
    assert int(page["Retry-After"]) > 0
    assert "Too many codes were sent" in text_of(page)
    assert f'href="{SIGN_IN_VERIFY}"' in text_of(page)
    code_page = text_of(visitor.get(SIGN_IN_VERIFY))
    assert "No more messages can be sent for now" in code_page
    assert 'name="send"' not in code_page


def test_a_second_tab_resumes_the_flow_and_sends_nothing(visitor, make_user):
    make_user(EMAIL)
    visitor.ask()
    before = list(Verification.objects.values())
    for path in [SIGN_IN, SIGN_IN_VERIFY, SIGN_IN_VERIFY]:
        assert visitor.get(path).status_code == 200
    assert visitor.ask().status_code == 303
    assert Message.objects.count() == len(memory.sent) == 1
    assert [row["generation"] for row in before] == [Verification.objects.get().generation]


def test_no_get_changes_anything(visitor, both, make_user):
    make_user(EMAIL)
    visitor.ask()
    rows = [list(model.objects.values()) for model in [Flow, Verification, Message]]
    for path in [SIGN_IN, SIGN_IN_VERIFY, SIGN_UP, "/auth/sign-up/verify/", "/auth/sign-out/"]:
        visitor.get(path, {"identifier": PHONE, "code": newest_code(), "send": "1", "email_address": EMAIL})
    assert rows == [list(model.objects.values()) for model in [Flow, Verification, Message]]


def test_the_code_page_without_a_sign_in_leads_to_its_start(visitor):
    answer = visitor.get(SIGN_IN_VERIFY)
    assert (answer.status_code, answer["Location"]) == (303, SIGN_IN)


def test_another_browser_sees_nothing_of_a_sign_in(visitor, make_user):
    make_user(EMAIL)
    visitor.ask()
    other = PageVisitor()
    other.cookies["otp_client"] = "made up"
    assert other.get(SIGN_IN_VERIFY).status_code == 303
    assert EMAIL not in text_of(other.get(SIGN_IN))


def test_change_leads_back_with_what_was_typed(visitor, make_user):
    make_user(EMAIL)
    visitor.ask()
    page = text_of(visitor.get(SIGN_IN_VERIFY))
    assert f"<bdi>{EMAIL}</bdi>" in page
    assert f'<a href="{SIGN_IN}" aria-label="Change the email address">' in page
    assert f'value="{EMAIL}"' in text_of(visitor.get(SIGN_IN))


def test_a_code_used_in_one_tab_leads_the_other_on(visitor, make_user):
    make_user(EMAIL)
    visitor.ask()
    visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()})
    late = visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()})
    assert (late.status_code, late["Location"]) == (303, SIGN_IN)
    assert "You are signed in" in text_of(visitor.get(SIGN_IN))


def test_a_code_used_by_a_faster_request_is_called_so(visitor, make_user):
    user = make_user(EMAIL)
    visitor.ask()
    Flow.objects.update(status="complete", user=user, completed_at=timezone.now())
    Flow.objects.update(status="open")
    Verification.objects.update(status="verified", nonce="")
    page = visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()})
    assert page.status_code == 400
    assert "Already used" in text_of(page)
    assert '<a class="otp-primary" href="/">Continue</a>' in text_of(page)


@pytest.mark.parametrize("text", ["", "jane", "jane@", "a@b@c", "x" * 400, "12"])
def test_what_cannot_be_read_is_said_at_the_field(visitor, text):
    page = visitor.ask(text)
    assert page.status_code == 422
    assert 'id="id_identifier_error"' in text_of(page)
    assert not Flow.objects.exists()


def test_other_factors_are_offered_only_without_enumeration_protection(visitor, both, configure, make_user):
    make_user(EMAIL, PHONE)
    visitor.ask()
    assert "Use another method" not in text_of(visitor.get(SIGN_IN_VERIFY))
    configure(enumeration_protection=False)
    page = text_of(visitor.get(SIGN_IN_VERIFY))
    factor = re.search(r'value="(\w+)" class="otp-secondary">SMS to \+1•••••••671', page).group(1)
    assert visitor.submit(SIGN_IN_VERIFY, {"send": factor}).status_code == 303
    assert memory.sent[-1].to == PHONE
    assert "Check your phone" in text_of(visitor.get(SIGN_IN_VERIFY))
    visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()})
    assert visitor.user_id


def test_of_two_addresses_the_one_typed_gets_the_code(visitor, configure, make_user):
    user = make_user("first@example.com")
    user.otp_identifiers.create(kind="email_address", value=EMAIL, primary=False)
    configure(enumeration_protection=False)
    assert visitor.ask(EMAIL).status_code == 303
    assert memory.sent[-1].to == EMAIL


def test_a_factor_that_nobody_has_is_refused(visitor, make_user):
    make_user(EMAIL)
    visitor.ask()
    assert visitor.submit(SIGN_IN_VERIFY, {"send": "idn_made_up"}).status_code == 422


def test_without_protection_an_unknown_address_is_told_so_where_nobody_can_sign_up(visitor, configure):
    configure(enumeration_protection=False, sign_up_mode="closed")
    page = visitor.ask()
    assert page.status_code == 422
    assert "There is no account with this" in text_of(page)


def test_a_sign_in_that_the_api_has_opened_goes_on_here_once_a_code_is_asked_for(visitor, make_user):
    make_user(EMAIL)
    visitor.ask()
    Verification.objects.all().delete()
    page = text_of(visitor.get(SIGN_IN_VERIFY))
    assert "Ask for a code first." in page
    assert 'name="code"' not in page
    assert visitor.submit(SIGN_IN_VERIFY, {"code": "123456"}).status_code == 400
    send = re.search(r'name="send" value="(\w+)"', page).group(1)
    visitor.submit(SIGN_IN_VERIFY, {"send": send})
    visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()})
    assert visitor.user_id
