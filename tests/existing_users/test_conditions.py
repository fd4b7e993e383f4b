"""Who is not linked: each condition alone, with everything else in order."""

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from passwordless_otp import users
from passwordless_otp.models import Identifier, Refusal, RemovedIdentifier
from tests.existing_users.people import existing, expect_refused, prove, reasons
from tests.visitor import EMAIL, PHONE, ApiVisitor, joined, newest_code, operate, wrong

pytestmark = pytest.mark.django_db
TRUST = pytest.mark.parametrize("how", ["link", "trust"])


@pytest.fixture(autouse=True)
def setting(settings, request):
    how = request.node.callspec.params.get("how", "link") if hasattr(request.node, "callspec") else "link"
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "EXISTING_USERS": how}


@TRUST
@pytest.mark.parametrize(
    ("reason", "made"),
    [("inactive", {"is_active": False}), ("staff", {"is_staff": True}), ("staff", {"is_superuser": True})],
)
def test_inactive_and_staff_are_never_linked(how, reason, made):
    user = existing(**made)
    operate(staff_sign_in=True)
    answer = prove()[1]
    expect_refused(answer, reason)
    assert "can't be used here" in answer.json()["errors"][0]["long_message"]
    user.refresh_from_db()
    assert user.check_password("theirs")


def test_inactive_holder_of_an_identifier_is_answered_alike():
    user = existing(is_active=False)
    by_field = prove()[1].json()["errors"]
    Identifier.objects.create(user=user, kind="email_address", value=EMAIL)
    assert prove()[1].json()["errors"] == by_field


@TRUST
def test_two_active_users_of_one_address_are_refused_and_both_listed(how):
    existing("one", email="Jane@Example.com")
    existing("two")
    expect_refused(prove()[1], "several_users", users=2)
    assert reasons() == ["several_users"] * 2


def test_active_twin_comes_before_inactive_one():
    existing("one", email="Jane@example.com", is_active=False)
    active = existing("two")
    assert prove()[0].signed_in == f"user_{active.pk}"


def test_user_without_usable_password_is_refused():
    existing(password=None)
    expect_refused(prove()[1], "no_password")


def test_user_with_a_proven_phone_number_is_refused():
    Identifier.objects.create(user=existing(), kind="phone_number", value=PHONE)
    expect_refused(prove()[1], "proven_phone")


@TRUST
def test_user_with_another_email_identifier_is_refused(how):
    Identifier.objects.create(user=existing(), kind="email_address", value="other@example.com")
    expect_refused(prove()[1], "other_identifier")


@TRUST
@pytest.mark.parametrize("remove", [lambda row: row.delete(), lambda row: Identifier.objects.all().delete()])
def test_user_who_once_had_an_email_identifier_is_refused(how, remove):
    row = Identifier.objects.create(user=existing(), kind="email_address", value="other@example.com")
    remove(row)
    assert "other" not in str(RemovedIdentifier.objects.get())
    expect_refused(prove()[1], "other_identifier")


@TRUST
def test_user_whose_email_identifier_was_moved_to_another_is_refused(how):
    first, second = existing(), existing("second", email="")
    Identifier.objects.create(user=first, kind="email_address", value="other@example.com")
    Identifier.objects.move(first, second)
    expect_refused(prove()[1], "other_identifier", users=2)


def test_no_trace_is_kept_of_identifiers_that_go_with_their_user():
    joined()
    get_user_model().objects.all().delete()
    joined()
    get_user_model().objects.get().delete()
    assert not RemovedIdentifier.objects.exists()


def test_email_that_does_not_identify_links_nobody():
    operate(phone_number_enabled=True, phone_number_used_for_identification=True, phone_code=True,
            email_address_used_for_identification=False)  # fmt: skip
    existing()
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, phone_number=PHONE, strategy="email_code")
    visitor.attempt(newest_code(EMAIL))
    visitor.prepare("phone_code")
    answer = visitor.attempt(newest_code(PHONE), "phone_code")
    expect_refused(answer, "not_allowed")


LOOK_ALIKES = [
    ("ırıs", "iris"),
    ("Írís", "iris"),
    ("ｉｒｉｓ", "iris"),
    ("ſam", "sam"),
    ("ﬆan", "stan"),
    ("\u212aai", "kai"),
]


@pytest.mark.parametrize(("field", "proven"), LOOK_ALIKES)
def test_letters_that_look_alike_or_fold_to_the_same_link_nobody(field, proven):
    user = existing(email=f"{field}@example.com")
    visitor, answer = prove(f"{proven}@example.com")
    assert answer.status_code == 200
    assert visitor.signed_in != f"user_{user.pk}"


@pytest.mark.postgres
def test_negative_control_the_database_takes_one_letter_for_another(monkeypatch):
    monkeypatch.setattr(users, "has_email", lambda user, proven: True)
    user = existing(email="ſam@example.com")
    assert prove("sam@example.com")[0].signed_in == f"user_{user.pk}"


def test_wildcards_of_sql_are_plain_letters():
    user = existing(email="janeXdoe@example.com")
    assert prove("jane_doe@example.com")[0].signed_in != f"user_{user.pk}"
    plain = existing("plain", email="Jane_Roe@example.com")
    assert prove("jane_roe@example.com")[0].signed_in == f"user_{plain.pk}"


def test_domain_beyond_ascii_is_found_in_both_forms():
    user = existing(email="jane@bücher.example")
    assert prove("jane@xn--bcher-kva.example")[0].signed_in == f"user_{user.pk}"


def test_refusals_of_one_user_are_counted_in_one_row():
    existing(password=None)
    for _ in range(3):
        prove()
    assert Refusal.objects.get().count == 3
    assert EMAIL not in str(Refusal.objects.get())


def test_nothing_is_listed_before_a_code_was_proven():
    existing(password=None)
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    visitor.attempt("000000")
    assert not Refusal.objects.exists()


def steps_before_proof(email):
    """The answers and the shapes of the statements of a sign-up with a wrong code."""
    visitor = ApiVisitor()
    with CaptureQueriesContext(connection) as captured:
        answers = [visitor.sign_up(email_address=email, strategy="email_code")]
        answers.append(visitor.attempt(wrong(newest_code(email))))
    return [answer.status_code for answer in answers], len(captured)


def test_until_a_code_was_proven_nothing_tells():
    existing()
    steps_before_proof("warm@example.com")
    assert steps_before_proof(EMAIL) == steps_before_proof("else@example.com")
