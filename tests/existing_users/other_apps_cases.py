"""Ways into an account that other apps have made, with those apps. Run by test_other_apps.py."""

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import filter_users_by_email
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from social_django.models import UserSocialAuth
from two_factor.plugins.phonenumber.models import PhoneDevice

from tests.existing_users.people import existing, expect_refused, prove, session_of
from tests.visitor import EMAIL

pytestmark = pytest.mark.django_db

PLANTED = [
    (Authenticator, "second_factor", {"type": "totp", "data": {"secret": "x"}}),
    (Authenticator, "second_factor", {"type": "recovery_codes", "data": {}}),
    (TOTPDevice, "second_factor", {"confirmed": True}),
    (TOTPDevice, "second_factor", {"confirmed": False}),
    (StaticDevice, "second_factor", {}),
    (PhoneDevice, "second_factor", {"number": "+14155552671", "method": "sms", "key": "ab" * 20}),
    (SocialAccount, "social_account", {"provider": "google", "uid": "1"}),
    (UserSocialAuth, "social_account", {"provider": "google", "uid": "1"}),
    (EmailAddress, "other_email", {"email": "planter@example.com", "verified": True}),
]


def trust(settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "EXISTING_USERS": "trust"}


@pytest.mark.parametrize(("model", "reason", "values"), PLANTED)
def test_user_with_another_way_in_is_refused(model, reason, values):
    user = existing()
    model.objects.create(user=user, **values)
    expect_refused(prove()[1], reason)
    user.refresh_from_db()
    assert user.check_password("theirs")


@pytest.mark.parametrize(("model", "reason", "values"), PLANTED)
def test_what_another_user_has_stands_in_nobodys_way(model, reason, values):
    model.objects.create(user=existing("other", "other@example.com"), **values)
    user = existing()
    assert prove()[0].signed_in == f"user_{user.pk}"


@pytest.mark.parametrize(("model", "reason", "values"), PLANTED)
def test_trusted_user_keeps_every_way_in(settings, model, reason, values):
    trust(settings)
    user = existing()
    model.objects.create(user=user, **values)
    assert prove()[0].signed_in == f"user_{user.pk}"
    assert model.objects.filter(user=user).exists()


@pytest.mark.parametrize("how", ["link", "refuse"])
@pytest.mark.parametrize("spelling", [EMAIL, "Jane@Example.com"])
def test_address_that_allauth_has_verified_for_this_user_is_trusted_whatever_the_setting(settings, how, spelling):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "EXISTING_USERS": how}
    user = existing()
    EmailAddress.objects.create(user=user, email=spelling, verified=True, primary=True)
    TOTPDevice.objects.create(user=user)
    other = session_of(user)
    assert prove()[0].signed_in == other.signed_in == f"user_{user.pk}"
    user.refresh_from_db()
    assert user.check_password("theirs")


def test_address_that_allauth_has_not_verified_is_not_trusted(settings):
    user = existing()
    EmailAddress.objects.create(user=user, email=EMAIL, verified=False)
    other = session_of(user)
    assert prove()[0].signed_in == f"user_{user.pk}"
    assert other.signed_in is None


@pytest.mark.parametrize("how", ["link", "trust"])
@pytest.mark.parametrize(
    ("email", "verified"),
    [(EMAIL, EMAIL), (EMAIL, EMAIL.upper()), ("jane@xn--bcher-kva.example", "jane@Bücher.example")],
)
def test_address_that_allauth_has_verified_for_another_user_is_refused(settings, how, email, verified):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "EXISTING_USERS": how}
    existing(email=email)
    EmailAddress.objects.create(user=existing("other", "other@example.com"), email=verified, verified=True)
    expect_refused(prove(email)[1], "other_owner", users=2)


def test_linked_address_is_verified_there_in_the_form_that_it_has_there():
    user = existing(email="jane@bücher.example")
    EmailAddress.objects.create(user=user, email="jane@bücher.example", primary=True)
    assert prove("jane@xn--bcher-kva.example")[0].signed_in == f"user_{user.pk}"
    [address] = EmailAddress.objects.all()
    assert (address.email, address.verified, address.primary) == ("jane@bücher.example", True, True)


@pytest.mark.parametrize("made", [{"is_staff": True}, {"is_active": False}])
def test_address_that_allauth_has_verified_lets_no_staff_and_nobody_inactive_in(made):
    user = existing(**made)
    EmailAddress.objects.create(user=user, email=EMAIL, verified=True)
    expect_refused(prove()[1], "staff" if user.is_staff else "inactive")


def test_address_that_nobody_has_proven_sets_no_password_of_a_linked_user():
    """A planter has added an address of their own: allauth sends links that set a password there as well."""
    user = existing()
    own = EmailAddress.objects.create(user=user, email=EMAIL, primary=True)
    planted = EmailAddress.objects.create(user=user, email="planter@example.com")
    confirmation = EmailConfirmationHMAC(planted).key
    assert filter_users_by_email("planter@example.com") == [user]
    assert prove()[0].signed_in == f"user_{user.pk}"
    assert filter_users_by_email("planter@example.com") == []
    assert EmailConfirmationHMAC.from_key(confirmation) is None
    assert list(user.emailaddress_set.values_list("pk", flat=True)) == [own.pk]


@pytest.mark.parametrize("sync", [True, False])
def test_no_unproven_address_stays_whether_or_not_addresses_follow(settings, sync):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "SYNC_EMAIL_FIELD": sync}
    user = existing()
    EmailAddress.objects.create(user=user, email="planter@example.com")
    prove()
    assert not user.emailaddress_set.filter(email="planter@example.com").exists()


def test_trusted_user_keeps_addresses_that_nobody_has_proven(settings):
    trust(settings)
    user = existing()
    EmailAddress.objects.create(user=user, email="second@example.com")
    prove()
    assert user.emailaddress_set.filter(email="second@example.com").exists()
