"""What a link does to the user, and what the user is told."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.tokens import default_token_generator

from passwordless_otp import signals
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Identifier, Message
from tests.existing_users.people import existing, prove, prove_on_page, session_of
from tests.visitor import EMAIL, PHONE, ApiVisitor, both_kinds, joined, newest_code, started

pytestmark = pytest.mark.django_db
MADE = []


def make_and_tell(**details):
    MADE.append(details)
    return get_user_model().objects.create(username="new")


@pytest.fixture
def configured(settings):
    def configure(**changes):
        settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, **changes}

    return configure


@pytest.fixture
def told():
    received = []

    def receive(user, flow, **kwargs):
        received.append((user, flow))

    signals.existing_user_linked.connect(receive)
    yield received
    signals.existing_user_linked.disconnect(receive)


def test_proven_address_links_its_user_and_makes_nobody(configured):
    configured(CREATE_USER=f"{__name__}.make_and_tell")
    MADE.clear()
    user = existing(email="Jane@Example.com")
    visitor, answer = prove()
    assert answer.json()["response"]["status"] == "complete"
    assert visitor.signed_in == f"user_{user.pk}"
    assert list(Identifier.objects.values_list("kind", "value", "user", "primary")) == [
        ("email_address", EMAIL, user.pk, True)
    ]
    assert (get_user_model().objects.count(), MADE) == (1, [])


def test_sign_in_page_links_as_well():
    user = existing()
    visitor, answer = prove_on_page()
    assert (answer.status_code, visitor.signed_in) == (303, str(user.pk))


def test_linked_user_signs_in_like_any_other():
    user = existing()
    prove()
    visitor = started()
    assert visitor.attempt(newest_code()).status_code == 200
    assert visitor.signed_in == f"user_{user.pk}"


def test_link_ends_sessions_password_and_reset_links():
    user = existing()
    planter, link = session_of(user), default_token_generator.make_token(user)
    visitor, _ = prove()
    assert planter.signed_in is None
    assert visitor.signed_in == f"user_{user.pk}"
    user.refresh_from_db()
    assert not user.has_usable_password()
    assert not default_token_generator.check_token(user, link)


def test_link_sends_signal_and_notice(told):
    user = existing()
    prove()
    [(receiver_user, flow)] = told
    assert (receiver_user, flow.user, flow.details["linked"]) == (user, user, "link")
    notice = memory.sent[-1]
    assert (notice.to, Message.objects.get(kind="security_notice").user) == (EMAIL, user)
    assert "the password does not work any more" in " ".join(notice.text.split())
    assert "/auth/not-me/" in notice.text
    assert "the password does not work any more" in " ".join(notice.html.split())


def test_page_of_notice_says_what_happened():
    existing()
    visitor, _ = prove()
    path = memory.sent[-1].text.partition("https://example.com")[2].split()[0]
    assert "the password does not work any more" in visitor.http.get(path).content.decode()


def test_no_signal_and_no_notice_for_new_user(told):
    joined()
    assert (told, Message.objects.filter(kind="security_notice").count()) == ([], 0)


def test_phone_number_proven_in_the_same_sign_up_is_added():
    both_kinds(phone_number_required=True)
    user, visitor = existing(), ApiVisitor()
    visitor.sign_up(email_address=EMAIL, phone_number=PHONE, strategy="email_code")
    visitor.attempt(newest_code(EMAIL))
    assert not Identifier.objects.exists()
    visitor.prepare("phone_code")
    assert visitor.attempt(newest_code(PHONE), "phone_code").status_code == 200
    assert set(Identifier.objects.values_list("value", "user")) == {(EMAIL, user.pk), (PHONE, user.pk)}


def test_trust_keeps_password_and_sessions(configured, told):
    configured(EXISTING_USERS="trust")
    user = existing()
    other = session_of(user)
    visitor, _ = prove()
    assert visitor.signed_in == other.signed_in == f"user_{user.pk}"
    user.refresh_from_db()
    assert user.check_password("theirs")
    assert told[0][1].details["linked"] == "trust"
    assert "Other ways to sign in go on working" in " ".join(memory.sent[-1].text.split())


def test_trust_links_user_without_usable_password(configured):
    configured(EXISTING_USERS="trust")
    user = existing(password=None)
    assert prove()[0].signed_in == f"user_{user.pk}"


def test_trust_adds_email_beside_a_proven_phone_number(configured):
    configured(EXISTING_USERS="trust")
    user = existing()
    Identifier.objects.create(user=user, kind="phone_number", value=PHONE)
    assert prove()[0].signed_in == f"user_{user.pk}"
    assert user.otp_identifiers.filter(primary=True).count() == 2


def test_refusal_leads_to_the_other_login(configured):
    configured(EXISTING_USERS="refuse", OTHER_LOGIN_URL="home")
    existing()
    visitor, answer = prove()
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["code"]) == (409, "identification_claimed")
    assert error["meta"] == {"other_login_url": "/"}
    assert "the way you did before" in error["long_message"]
    assert visitor.signed_in is None
    visitor, page = prove_on_page()
    assert page.status_code == 409
    assert ">Sign in with your password</a>" in page.content.decode()
    assert visitor.signed_in is None


def test_refused_user_keeps_everything(configured):
    configured(EXISTING_USERS="refuse")
    user = existing()
    other = session_of(user)
    prove()
    assert other.signed_in == f"user_{user.pk}"
    user.refresh_from_db()
    assert user.check_password("theirs")
    assert not Message.objects.filter(kind="security_notice").exists()


def test_merge_by_moving_identifiers_and_deleting_the_second_user():
    first, second = existing("first", email=""), existing("second", email="")
    Identifier.objects.create(user=first, kind="email_address", value="first@example.com")
    Identifier.objects.create(user=second, kind="email_address", value=EMAIL)
    Identifier.objects.filter(user=second).update(user=first, primary=False)
    second.delete()
    visitor = started()
    visitor.attempt(newest_code(EMAIL))
    assert visitor.signed_in == f"user_{first.pk}"
