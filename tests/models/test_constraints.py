"""What the database itself refuses."""

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from passwordless_otp.models import (
    Flow,
    Identifier,
    Message,
    SignIn,
    SignUp,
    TestAddress,
    UnlockGrant,
    Verification,
)
from passwordless_otp.models.base import uuid7
from tests.visitor import EMAIL, ApiVisitor, joined

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return get_user_model().objects.create(username="ann")


def refused(function):
    with pytest.raises(IntegrityError), transaction.atomic():
        function()


def test_identifier_belongs_to_one_user(user):
    other = get_user_model().objects.create(username="bob")
    Identifier.objects.create(user=user, kind="email_address", value=EMAIL)
    refused(lambda: Identifier.objects.create(user=other, kind="email_address", value=EMAIL))
    refused(lambda: Identifier.objects.create(user=user, kind="email_address", value="b@example.com"))
    refused(lambda: Identifier.objects.create(user=other, kind="pigeon", value="x"))


def test_client_has_one_open_flow_of_a_purpose():
    Flow.objects.create(client="c", purpose="sign_in")
    Flow.objects.create(client="c", purpose="sign_up")
    refused(lambda: Flow.objects.create(client="c", purpose="sign_in"))
    Flow.objects.update(status="ended")
    Flow.objects.create(client="c", purpose="sign_in")


def test_invalid_choices_are_refused(user):
    flow = Flow.objects.create(client="c", purpose="sign_in")
    given = {"flow": flow, "kind": "email_address", "max_tries": 5}
    verification = Verification.objects.create(value=EMAIL, **given)
    refused(lambda: Verification.objects.create(value=EMAIL, **given))
    refused(lambda: Flow.objects.filter(pk=flow.pk).update(status="complete"))
    refused(lambda: Flow.objects.filter(pk=flow.pk).update(purpose="other"))
    refused(lambda: Verification.objects.update(tries=6))
    refused(lambda: Verification.objects.update(status="verified", nonce="x"))
    refused(lambda: Verification.objects.update(status="other"))
    refused(lambda: Message.objects.create(verification=verification, kind="x", channel="email", generation=1))
    refused(lambda: Message.objects.create(verification=verification, kind="sign_in", channel="x", generation=1))


def test_unlock_link_has_a_recipient_and_nothing_else(user):
    flow = Flow.objects.create(client="c", purpose="sign_in")
    verification = Verification.objects.create(flow=flow, kind="email_address", max_tries=5, value=EMAIL)
    link = {"kind": "unlock", "channel": "email", "to": EMAIL}
    message = Message.objects.create(**link)
    assert message.identifier == ("email_address", EMAIL)
    assert EMAIL not in str(message)
    for wrong in [{"to": ""}, {"user": user}, {"flow": flow}, {"verification": verification}]:
        refused(lambda wrong=wrong: Message.objects.create(**{**link, **wrong}))
    UnlockGrant.objects.give(message, "c")
    refused(lambda: UnlockGrant.objects.give(message, "c"))


def test_everything_is_deleted_with_its_user():
    joined()
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL)
    get_user_model().objects.get().delete()
    assert not Identifier.objects.exists()
    assert not Message.objects.exists()
    assert list(Flow.objects.values_list("user", flat=True)) == [None]  # the one that is still open is nobody's


def test_the_proxies_are_the_flows_of_their_purpose():
    joined()
    ApiVisitor().sign_in(EMAIL)
    assert SignIn.objects.get().purpose == "sign_in"
    assert SignUp.objects.get().purpose == "sign_up"


def test_keys_sort_by_time_and_are_version_7():
    keys = [uuid7() for _ in range(50)]
    stamps = [key.int >> 80 for key in keys]
    assert stamps == sorted(stamps)
    assert {key.version for key in keys} == {7}
    assert {key.variant for key in keys} == {"specified in RFC 4122"}
    assert len(set(keys)) == 50


def test_identifier_is_cleaned_to_canonical_form(user):
    identifier = Identifier(user=user, value=" Jane@Example.COM ", kind="phone_number")
    identifier.full_clean()
    assert identifier.identifier == ("email_address", "jane@example.com")
    for bad in ["nonsense", "+11111111111", ""]:
        with pytest.raises(ValidationError):
            Identifier(user=user, kind="phone_number", value=bad).full_clean()


def test_test_address_is_cleaned_and_never_of_staff(user):
    today = timezone.now().date()
    listed = TestAddress(identifier="+1 111 111 1111", code="123456", until=today)
    listed.full_clean()
    assert listed.identifier == "+11111111111"
    for code in ["12345", "abcdef", "123456\n", "1234567", "١٢٣٤٥٦"]:
        with pytest.raises(ValidationError):
            TestAddress(identifier=EMAIL, code=code, until=today).full_clean()
    Identifier.objects.create(user=user, kind="email_address", value=EMAIL)
    get_user_model().objects.update(is_staff=True)
    with pytest.raises(ValidationError, match="member of staff"):
        TestAddress(identifier=EMAIL, code="123456", until=today).full_clean()
