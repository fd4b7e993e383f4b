"""The user's email field follows the primary email identifier, and never the other way round."""

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, UniqueConstraint
from django.db.models.functions import Lower

from passwordless_otp import email_field
from passwordless_otp.errors import FormatInvalid, IdentificationClaimed, IdentifierExists
from passwordless_otp.identifiers import Kind
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Identifier
from tests.admin.conftest import operator, root, row, signed_in, text  # noqa: F401
from tests.admin.test_identifiers import LIST, add, refused
from tests.admin.test_user_page import PREFIX, complaints, page, save
from tests.visitor import EMAIL, PHONE, newest_code, started

pytestmark = pytest.mark.django_db
NEW = "new@example.com"


@pytest.fixture
def jane():
    """A user whose email address is proven."""
    user = User.objects.create_user("jane", EMAIL)
    Identifier.objects.adopt(user, EMAIL)
    return user


@pytest.fixture
def unique(monkeypatch):
    """A user model whose email field is unique, as far as the app can see."""
    monkeypatch.setattr(email_field.find(), "unique", True)


def email_of(user):
    return User.objects.get(pk=user.pk).email


def make_primary(user, value):
    with Identifier.objects.changing(user):
        user.otp_identifiers.filter(kind="email_address").update(primary=False)
        user.otp_identifiers.filter(value=value).update(primary=True)


# Adopt: one identifier of an existing user


def test_adopted_value_is_canonical_and_the_first_of_its_kind_is_primary(jane):
    for value in ["Second@Example.com", "+1 (415) 555-2671"]:
        Identifier.objects.adopt(jane, value)
    saved = Identifier.objects.order_by("pk").values_list("value", "primary")
    assert list(saved) == [(EMAIL, True), ("second@example.com", False), (PHONE, True)]


def test_adopting_twice_returns_the_same_identifier(jane):
    assert Identifier.objects.adopt(jane, EMAIL.upper()) == Identifier.objects.get()


def test_adopting_what_another_user_has_is_refused(jane):
    with pytest.raises(IdentifierExists):
        Identifier.objects.adopt(User.objects.create_user("joan"), EMAIL)


@pytest.mark.parametrize(
    ("value", "kind", "told"),
    [
        ("not-an-email", Kind.EMAIL_ADDRESS, "Type an email address"),
        ("not-a-number", Kind.PHONE_NUMBER, "Type a phone number"),
        (EMAIL, Kind.PHONE_NUMBER, "Type a phone number"),
        ("+18005550100", None, "mobile numbers"),
    ],
)
def test_adopting_nonsense_is_refused_in_words_for_its_kind(jane, value, kind, told):
    with pytest.raises(FormatInvalid) as refusal:
        Identifier.objects.adopt(jane, value, kind)
    assert told in refusal.value.long_message


# Move: merging two users


def test_moved_identifiers_sign_the_other_user_in_and_leave_its_primary_ones(jane):
    joan = User.objects.create_user("joan", NEW)
    Identifier.objects.adopt(joan, NEW)
    Identifier.objects.adopt(joan, PHONE)
    assert Identifier.objects.move(joan, jane) == 2
    saved = jane.otp_identifiers.order_by("pk").values_list("value", "primary")
    assert list(saved) == [(EMAIL, True), (NEW, False), (PHONE, True)]
    assert (email_of(jane), email_of(joan)) == (EMAIL, "")
    visitor = started(NEW)
    visitor.attempt(newest_code(NEW))
    assert visitor.signed_in == f"user_{jane.pk}"


def test_moving_to_the_same_user_changes_nothing(jane):
    assert Identifier.objects.move(jane, jane) == 0
    assert Identifier.objects.get().primary


def test_moving_an_address_that_a_unique_field_has_to_keep_changes_nothing(jane, unique):
    joan = User.objects.create_user("joan")
    with pytest.raises(IdentificationClaimed):  # the field of the first user can't be emptied to make room
        Identifier.objects.move(jane, joan)
    assert email_of(jane) == EMAIL
    assert Identifier.objects.get().user == jane


# The field follows


def test_field_follows_the_primary_identifier(jane):
    Identifier.objects.adopt(jane, NEW)
    assert email_of(jane) == EMAIL
    make_primary(jane, NEW)
    assert (jane.email, email_of(jane)) == (NEW, NEW)


def test_first_address_is_written_into_the_field(jane):
    joan = User.objects.create_user("joan", "unproven@example.com")
    Identifier.objects.adopt(joan, PHONE)
    assert email_of(joan) == "unproven@example.com"
    Identifier.objects.adopt(joan, NEW)
    assert email_of(joan) == NEW


@pytest.mark.parametrize("written", ["JANE@example.com", "Jane@Example.COM"])
def test_field_is_not_rewritten_for_case_alone(written):
    user = User.objects.create_user("user")
    User.objects.update(email=written)
    Identifier.objects.adopt(user, EMAIL)
    assert email_of(user) == written


def test_field_is_emptied_with_the_last_identifier_and_not_before(jane):
    Identifier.objects.adopt(jane, NEW)
    for value, left in [(EMAIL, NEW), (NEW, "")]:
        with Identifier.objects.changing(jane):
            jane.otp_identifiers.filter(value=value).delete()
        assert email_of(jane) == left


def test_address_that_the_site_has_written_is_kept_when_the_last_identifier_is_removed(jane):
    User.objects.update(email="site@example.com")
    with Identifier.objects.changing(jane):
        jane.otp_identifiers.all().delete()
    assert email_of(jane) == "site@example.com"


def test_field_stays_while_no_identifier_is_primary(jane):
    Identifier.objects.adopt(jane, "a@example.com")
    with Identifier.objects.changing(jane):
        jane.otp_identifiers.update(primary=False)
    assert email_of(jane) == EMAIL


def test_field_is_left_alone_if_the_setting_is_off(jane, settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "SYNC_EMAIL_FIELD": False}
    Identifier.objects.adopt(jane, NEW)
    make_primary(jane, NEW)
    assert email_of(jane) == EMAIL


def test_clash_with_a_unique_field_changes_nothing(jane, unique):
    User.objects.create_user("other", "NEW@example.com")
    joan = User.objects.create_user("joan", "joan@example.com")
    with pytest.raises(IdentificationClaimed):
        Identifier.objects.adopt(joan, NEW)
    assert not joan.otp_identifiers.exists()
    assert email_of(joan) == "joan@example.com"


@pytest.mark.parametrize(
    ("constraint", "is_unique", "may_be_empty"),
    [
        ({"fields": ["email"]}, True, False),
        ({"expressions": [Lower("email")]}, True, False),
        ({"expressions": ["email"]}, True, False),
        ({"expressions": [Lower("email")], "condition": ~Q(email="")}, True, True),
        ({"fields": ["email", "username"]}, False, True),
        ({"expressions": [Lower("username")]}, False, True),
    ],
)
def test_unique_constraints_of_the_model_count(jane, monkeypatch, constraint, is_unique, may_be_empty):
    made = UniqueConstraint(*constraint.pop("expressions", []), **constraint, name="one")
    monkeypatch.setattr(User._meta, "constraints", [made])
    assert email_field.may_be_empty() == may_be_empty
    joan = User.objects.create_user("joan", "Joan@example.com")
    try:
        email_field.require_free(jane, "joan@example.com")
    except IdentificationClaimed:
        assert is_unique
    else:
        assert not is_unique
    email_field.require_free(joan, "joan@example.com")


def test_clash_with_a_domain_beyond_ascii_changes_nothing(jane, unique):
    User.objects.create_user("joan", "joan@bücher.example")
    with pytest.raises(IdentificationClaimed):
        make_primary(jane, Identifier.objects.adopt(jane, "joan@xn--bcher-kva.example").value)
    assert email_of(jane) == EMAIL


def test_clash_is_no_error_where_the_field_is_not_unique(jane):
    User.objects.create_user("other", NEW)
    make_primary(jane, Identifier.objects.adopt(jane, NEW).value)
    assert email_of(jane) == NEW


def test_change_is_rolled_back_with_the_transaction_of_the_caller(jane):
    Identifier.objects.adopt(jane, NEW)
    with transaction.atomic():
        make_primary(jane, NEW)
        transaction.set_rollback(True)
    assert email_of(jane) == EMAIL
    assert Identifier.objects.get(primary=True).value == EMAIL


# The other direction


def test_address_in_the_field_signs_nobody_in_and_is_listed_until_proven(root, jane):  # noqa: F811
    User.objects.update(email=NEW)
    started(NEW)
    assert [message.code for message in memory.sent if message.to == NEW] == [""]
    url = f"{LIST}?email_field=unproven"
    assert root.get(url).context["cl"].result_count == 1
    Identifier.objects.adopt(jane, NEW)
    assert root.get(url).context["cl"].result_count == 0


@pytest.mark.parametrize(("written", "listed"), [("JANE@example.com", 0), ("", 0), ("x@example.com", 1)])
def test_list_of_unproven_email_fields_knows_case_and_empty_ones(jane, written, listed):
    User.objects.update(email=written)
    assert Identifier.objects.with_unproven_email_field().count() == listed


# The admin


def test_operator_changes_the_address_of_a_user_in_the_list(operator, jane):  # noqa: F811
    add(operator, jane, NEW, primary=False)
    old = Identifier.objects.get(value=EMAIL)
    operator.post(f"{LIST}{old.pk}/change/", {"primary": ""})
    assert email_of(jane) == EMAIL
    operator.post(f"{LIST}{Identifier.objects.get(value=NEW).pk}/change/", {"primary": "on"})
    assert email_of(jane) == NEW
    chosen = [str(pk) for pk in Identifier.objects.values_list("pk", flat=True)]
    operator.post(LIST, {"action": "delete_selected", "_selected_action": chosen, "post": "yes"})
    assert email_of(jane) == ""


def test_deleting_an_identifier_empties_the_field(operator, jane):  # noqa: F811
    operator.post(f"{LIST}{Identifier.objects.get().pk}/delete/", {"post": "yes"})
    assert email_of(jane) == ""


def test_operator_changes_the_address_on_the_page_of_the_user(operator, jane):  # noqa: F811
    changes = row(PREFIX, 0, DELETE="on")
    assert save(operator, jane, {"value": NEW}, **changes).status_code == 302
    assert email_of(jane) == NEW


def test_clash_is_an_error_of_the_form(operator, jane, unique):  # noqa: F811
    User.objects.create_user("other", NEW)
    joan = User.objects.create_user("joan")
    assert refused(add(operator, joan, NEW), "__all__")
    assert "Another user has this email address" in complaints(
        save(operator, jane, {"value": NEW}, **row(PREFIX, 0, DELETE="on"))
    )
    assert Identifier.objects.count() == 1


def test_clash_of_the_address_that_is_left_is_told_and_nothing_is_deleted(operator, jane, unique):  # noqa: F811
    Identifier.objects.adopt(jane, NEW)
    User.objects.create_user("other", NEW)
    first = Identifier.objects.get(value=EMAIL)
    answer = operator.post(f"{LIST}{first.pk}/delete/", {"post": "yes"}, follow=True)
    assert "Another user has this email address" in text(answer)
    assert "Another user has this email address" in complaints(
        save(operator, jane, **row(PREFIX, 0, DELETE="on"))
    )
    assert Identifier.objects.count() == 2
    assert email_of(jane) == EMAIL


def test_saving_a_page_without_changes_writes_nothing(operator, jane, unique):  # noqa: F811
    User.objects.filter(pk=jane.pk).update(email="site@example.com")
    User.objects.create_user("other", EMAIL)
    assert operator.get(page(jane)).status_code == 200
    assert save(operator, jane, email="site@example.com").status_code == 302
    assert email_of(jane) == "site@example.com"
