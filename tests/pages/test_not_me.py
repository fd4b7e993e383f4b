"""The page behind the link in a notice."""

import re
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.utils import timezone

from passwordless_otp import links, signals
from passwordless_otp.flows import revoke_access
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Flow, Identifier, Message, Verification
from tests.pages.conftest import EMAIL, SIGN_IN, PageVisitor, text_of
from tests.visitor import errors, joined, newest_code, operate, started, unlimited

AGE = links.LIFE.total_seconds()


def intruder():
    """Somebody who reads the owner's mailbox, and has signed in with a code from there."""
    visitor = started()
    assert visitor.attempt(newest_code()).status_code == 200
    return visitor


def link():
    return re.search(r"https://example.com(/auth/not-me/\S+/)", memory.sent[-1].text)[1]


@pytest.fixture
def ended():
    received = []

    def receive(**given):
        received.append((given["user"], given["complete"]))

    signals.sessions_ended.connect(receive)
    yield received
    signals.sessions_ended.disconnect(receive)


@pytest.fixture
def owner():
    return joined()


def test_a_look_changes_nothing(visitor, owner):
    stranger = intruder()
    page = visitor.get(link())
    assert page.status_code == 200
    assert "Somebody signed in to your account" in text_of(page)
    assert visitor.head(link()).status_code == 200
    assert stranger.signed_in == owner.signed_in
    assert Message.objects.latest("pk").denied_at is None


def test_the_button_ends_every_session_for_whoever_has_the_link(visitor, owner, ended, caplog):
    stranger = intruder()
    done = visitor.submit(link())
    assert (done.status_code, done["Location"]) == (303, link())
    assert stranger.signed_in is None
    assert owner.signed_in is None
    page = text_of(visitor.get(link()))
    assert "You are signed out everywhere" in page
    assert "Change the password of your mailbox first" in page
    assert ended == [(User.objects.get(), True)]
    assert "sessions_ended" in caplog.text
    assert EMAIL not in caplog.text


def test_it_does_not_sign_anybody_in(visitor, owner):
    intruder()
    visitor.submit(link())
    assert not visitor.user_id
    assert visitor.get("/auth/v1/me").status_code == 401


def test_it_asks_where_the_button_was_pressed(visitor, owner):
    stranger = intruder()
    assert visitor.post(link()).status_code == 403
    assert stranger.signed_in


def test_it_works_once(visitor, owner, ended):
    intruder()
    first = link()
    visitor.submit(first)
    again = intruder()
    assert visitor.submit(first).status_code == 303
    assert again.signed_in
    assert len(ended) == 1


def test_of_two_that_press_at_once_one_ends_the_sessions(owner, ended):
    intruder()
    token = link().split("/")[-2]
    one, two = revoke_access.find_notice(token), revoke_access.find_notice(token)
    assert revoke_access.revoke(one) is one
    password = User.objects.get().password
    assert revoke_access.revoke(two) is two
    assert User.objects.get().password == password
    assert len(ended) == 1


def test_open_flows_of_the_user_end_in_every_browser(visitor, owner):
    intruder()
    path = link()
    waiting, other = started(), started("other@example.com", sign_up_if_missing=True)
    code, others_code = newest_code(EMAIL), newest_code("other@example.com")
    visitor.submit(path)
    assert errors(waiting.attempt(code)) == ["resource_not_found"]
    assert Verification.objects.get(flow=waiting.flow[4:]).nonce == ""
    assert errors(other.attempt(others_code)) == ["sign_up_if_missing_transfer"]


def test_no_browser_is_recognised_any_more(visitor, owner):
    unlimited()  # four codes from one IP address
    stranger = intruder()
    visitor.submit(link())
    memory.sent.clear()
    for browser in [stranger, owner]:
        browser.sign_in(EMAIL, "email_code")
        browser.attempt(newest_code(EMAIL))
        assert "New sign-in" in memory.sent[-1].subject


def test_a_sign_in_that_was_underway_gets_no_session(visitor, owner):
    intruder()
    path = link()
    late = started()
    code = newest_code()

    def press(request, user, **options):
        visitor.submit(path)  # after the code was taken, before the session begins
        return original(request, user, **options)

    from passwordless_otp.clients import auth

    original = auth.login
    with patch.object(auth, "login", press):
        assert late.attempt(code).status_code == 200
    assert late.signed_in is None


@pytest.mark.parametrize("staff", [False, True])
def test_a_password_stays_and_its_owner_is_told_to_change_it(visitor, owner, ended, staff):
    operate(staff_sign_in=True)
    stranger = intruder()
    user = User.objects.get()
    user.is_staff = staff
    user.set_password("correct horse")
    user.save()
    stranger = intruder()
    assert "has a password" in text_of(visitor.get(link()))
    visitor.submit(link())
    assert User.objects.get().check_password("correct horse")
    assert stranger.signed_in
    assert "Now change your password" in text_of(visitor.get(link()))
    assert ended == [(user, False)]
    user.set_password("battery staple")
    user.save()
    assert stranger.signed_in is None


def test_staff_without_a_password_are_signed_out_too(visitor, owner):
    operate(staff_sign_in=True)
    User.objects.update(is_staff=True, is_superuser=True)
    stranger = intruder()
    visitor.submit(link())
    assert stranger.signed_in is None


def test_a_password_that_is_set_meanwhile_is_not_overwritten(owner):
    intruder()
    notice = revoke_access.find_notice(link().split("/")[-2])
    user = User.objects.get()
    user.set_password("correct horse")
    user.save()
    revoke_access.revoke(notice)
    assert User.objects.get().check_password("correct horse")


def forged():
    notice = Message.objects.latest("pk")
    code_message = Message.objects.earliest("pk")
    good = links.token(notice.pk)
    yield good[:-1] + ("A" if good[-1] != "A" else "B")
    yield notice.pk.hex
    yield signing.TimestampSigner(salt="another").sign(notice.pk.hex)
    yield signing.TimestampSigner(key="guessed", salt=links.SALT).sign(notice.pk.hex)
    yield links.token(code_message.pk)
    yield links.token(User.objects.get().otp_flows.earliest("pk").pk)
    yield signing.TimestampSigner(salt=links.SALT).sign("nonsense")
    yield "%00"
    yield "x" * 5000


def test_no_other_token_works(visitor, owner):
    stranger = intruder()
    for token in forged():
        for answer in [visitor.get(f"/auth/not-me/{token}/"), visitor.submit(f"/auth/not-me/{token}/")]:
            assert answer.status_code == 404
            assert "This link is of no use" in text_of(answer)
    assert stranger.signed_in


@pytest.mark.parametrize(("age", "status"), [(AGE - 60, 200), (AGE + 1, 404)])
def test_it_works_for_seven_days(visitor, owner, age, status):
    intruder()
    now = signing.time.time
    with patch.object(signing.time, "time", lambda: now() - age):
        token = links.token(Message.objects.latest("pk").pk)
    assert visitor.get(f"/auth/not-me/{token}/").status_code == status


def test_the_link_of_somebody_who_was_deleted_is_of_no_use(visitor, owner):
    intruder()
    path = link()
    User.objects.all().delete()
    assert visitor.get(path).status_code == 404


def test_another_account_is_not_touched(visitor, owner, make_user):
    bystander = joined("other@example.com")
    intruder()
    visitor.submit(link())
    assert bystander.signed_in
    assert Flow.objects.filter(client="").count() == 2
    assert bystander.http.get(SIGN_IN).status_code == 200


def test_of_an_identifier_that_was_added_it_says_that_it_is_still_there(visitor, owner):
    user = User.objects.get()
    Identifier.objects.create(user=user, kind="email_address", value="new@example.com", primary=False)
    message = Message.objects.create(kind="security_notice", user=user, channel="email", to=EMAIL)
    path = f"/auth/not-me/{links.token(message.pk)}/"
    assert "was added to your account" in text_of(visitor.get(path))
    visitor.submit(path)
    assert "is still there" in text_of(visitor.get(path))


def test_the_link_stays_out_of_the_referer_and_of_caches(visitor, owner):
    intruder()
    for path in [link(), "/auth/not-me/nonsense/"]:
        for answer in [visitor.get(path), visitor.submit(path)]:
            assert answer["Referrer-Policy"] == "strict-origin"
            assert answer["Cache-Control"] == "no-store"
            assert answer["Content-Security-Policy"].startswith("default-src 'self'; frame-ancestors 'none'")


def test_it_works_in_a_browser_in_which_somebody_else_is_signed_in(owner, make_user):
    browser = PageVisitor()
    browser.force_login(make_user("other@example.com"))
    stranger = intruder()
    browser.submit(link())
    assert browser.user_id
    assert stranger.signed_in is None


def test_time_passes_for_a_notice_as_for_its_sign_in(visitor, owner):
    intruder()
    then = timezone.now() - timedelta(days=3)
    Flow.objects.update(completed_at=then)
    shown = timezone.localtime(then)
    assert f"{shown:%Y}" in text_of(visitor.get(link()))
    assert str(shown.day) in text_of(visitor.get(link()))
