"""Identifiers by hand: they count as proven, so not every operator may add every one."""

import pytest
from django.contrib.auth.models import Permission, User

from passwordless_otp.models import Identifier
from tests.admin.conftest import signed_in, text
from tests.visitor import EMAIL, PHONE, joined

pytestmark = pytest.mark.django_db
LIST = "/admin/passwordless_otp/identifier/"


@pytest.fixture
def jane():
    return User.objects.create_user("jane")


@pytest.fixture(params=["is_staff", "is_superuser"])
def boss(request):
    user = User.objects.create_user("boss", **{request.param: True})
    Identifier.objects.create(user=user, kind="email_address", value="boss@example.com")
    return user


def add(client, user, value=EMAIL, primary=True):
    given = {"user": getattr(user, "pk", user), "value": value} | ({"primary": "on"} if primary else {})
    return client.post(f"{LIST}add/", given)


def refused(response, field):
    return field in response.context["adminform"].form.errors


def values():
    return set(Identifier.objects.values_list("kind", "value"))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("Jane@EXAMPLE.com", ("email_address", EMAIL)), ("+1 (415) 555-2671", ("phone_number", PHONE))],
)
def test_added_identifier_is_saved_in_canonical_form(operator, jane, typed, kept):
    assert add(operator, jane, typed).status_code == 302
    assert values() == {kept}


def test_page_says_that_added_identifier_counts_as_verified(operator):
    assert "counts as verified" in text(operator.get(f"{LIST}add/"))


@pytest.mark.parametrize("typed", ["", "jane", "a@b", "+1", "x" * 300 + "@example.com", "+1 800 555 0100"])
def test_invalid_identifier_is_refused(operator, jane, typed):
    assert refused(add(operator, jane, typed), "value")
    assert not values()


@pytest.mark.parametrize("spelling", [EMAIL, "JANE@example.com"])
def test_duplicate_identifier_is_refused_in_any_spelling(operator, jane, spelling):
    add(operator, jane)
    answer = add(operator, User.objects.create_user("other"), spelling)
    assert "This belongs to another user." in text(answer)
    assert Identifier.objects.count() == 1


def test_second_primary_identifier_of_a_kind_is_refused(operator, jane):
    add(operator, jane)
    assert refused(add(operator, jane, "second@example.com"), "primary")
    assert add(operator, jane, "second@example.com", primary=False).status_code == 302
    assert add(operator, jane, PHONE).status_code == 302


def test_making_second_identifier_primary_is_refused(operator, jane):
    add(operator, jane)
    add(operator, jane, "second@example.com", primary=False)
    second = Identifier.objects.get(value="second@example.com")
    assert refused(operator.post(f"{LIST}{second.pk}/change/", {"primary": "on"}), "primary")


@pytest.mark.parametrize("user", ["", "0", "x", "99999999999999999999"])
def test_unknown_user_is_refused(operator, user):
    assert refused(add(operator, user), "user")


def test_saved_identifier_keeps_its_value_and_user(root, jane):
    add(root, jane)
    saved, other = Identifier.objects.get(), User.objects.create_user("other")
    forged = {"value": "other@example.com", "kind": "phone_number", "user": other.pk, "primary": ""}
    assert root.post(f"{LIST}{saved.pk}/change/", forged).status_code == 302
    saved.refresh_from_db()
    assert (saved.value, saved.kind, saved.user, saved.primary) == (EMAIL, "email_address", jane, False)


def test_identifier_with_test_number_can_be_saved_again(root, jane):
    saved = Identifier.objects.create(user=jane, kind="phone_number", value="+11111111111")
    assert root.post(f"{LIST}{saved.pk}/change/", {}).status_code == 302
    saved.refresh_from_db()
    assert not saved.primary


def test_operator_can_not_add_identifier_to_staff(operator, root, boss):
    answer = add(operator, boss, "mine@example.com", primary=False)
    assert "Only superusers can change" in text(answer)
    assert not Identifier.objects.filter(value="mine@example.com").exists()
    assert add(root, boss, "mine@example.com", primary=False).status_code == 302


def test_operator_can_not_add_identifier_to_themselves(operator):
    add(operator, User.objects.get(username="operator"))
    assert not values()


def test_operator_can_not_move_identifier_to_staff(operator, jane, boss):
    add(operator, jane)
    saved = Identifier.objects.get(user=jane)
    operator.post(f"{LIST}{saved.pk}/change/", {"user": boss.pk, "value": EMAIL})
    saved.refresh_from_db()
    assert saved.user == jane


def test_operator_can_view_but_not_change_identifiers_of_staff(operator, boss):
    saved = Identifier.objects.get()
    path = f"{LIST}{saved.pk}/"
    assert operator.get(f"{path}change/").status_code == 200
    assert operator.post(f"{path}change/", {"primary": ""}).status_code == 403
    assert operator.post(f"{path}delete/", {"post": "yes"}).status_code == 403
    action = {"action": "delete_selected", "_selected_action": [str(saved.pk)], "post": "yes"}
    assert operator.post(LIST, action).status_code == 403
    saved.refresh_from_db()
    assert saved.primary


def test_bulk_delete_is_refused_if_one_identifier_is_of_staff(operator, jane, boss):
    add(operator, jane)
    everything = [str(pk) for pk in Identifier.objects.values_list("pk", flat=True)]
    operator.post(LIST, {"action": "delete_selected", "_selected_action": everything, "post": "yes"})
    assert Identifier.objects.count() == 2


def test_operator_deletes_identifiers_of_other_users(operator, jane):
    add(operator, jane)
    assert operator.post(f"{LIST}{Identifier.objects.get().pk}/delete/", {"post": "yes"}).status_code == 302
    assert not values()


def test_superuser_deletes_identifiers_of_staff(root, boss):
    assert root.post(f"{LIST}{Identifier.objects.get().pk}/delete/", {"post": "yes"}).status_code == 302
    assert not values()


def test_identifier_is_not_added_without_permission(viewer, jane):
    assert add(viewer, jane).status_code == 403


@pytest.mark.parametrize("spelling", [EMAIL, "JANE@Example.com"])
def test_search_finds_identifier_in_any_spelling(operator, spelling):
    joined()
    joined("other@example.com")
    assert operator.get(LIST, {"q": spelling}).context["cl"].result_count == 1


@pytest.mark.parametrize("spelling", ["+229 97 12 34 56", "+229 01 97 12 34 56"])
def test_number_in_an_old_form_is_found_and_not_given_to_another_user(operator, jane, spelling):
    other = User.objects.create_user("other")
    Identifier.objects.create(user=other, kind="phone_number", value="+22997123456")
    assert operator.get(LIST, {"q": spelling}).context["cl"].result_count == 1
    assert refused(add(operator, jane, spelling), "value")
    assert Identifier.objects.count() == 1


def test_viewer_of_identifiers_can_not_read_columns_of_users(db):
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename="view_identifier"))
    assert signed_in("clerk").get(LIST, {"user__password__startswith": "a"}).status_code == 400


def test_list_says_how_many_users_have_an_address_and_no_identifier(operator):
    people = [User(username=f"u{number}", email=f"u{number}@example.com") for number in range(3)]
    User.objects.bulk_create(people)
    shown = "users have an email address and no identifier"
    assert f"3 {shown}" in operator.get(LIST).content.decode()
    for user in User.objects.filter(username__startswith="u"):
        Identifier.objects.adopt(user, user.email)
    assert shown not in operator.get(LIST).content.decode()


def test_list_counts_no_more_users_than_it_has_to(operator, monkeypatch):
    monkeypatch.setattr("passwordless_otp.admin.identifiers.MOST_COUNTED", 1)
    for number in range(3):
        User.objects.create_user(f"u{number}", f"u{number}@example.com")
    assert "More than 1 users have an email address and no identifier" in operator.get(LIST).content.decode()
