"""A user's identifiers, on the user's own page."""

import pytest
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Permission, User

from passwordless_otp.admin import IdentifierInline, IdentifiersMixin
from passwordless_otp.admin.identifiers import attach
from passwordless_otp.models import Identifier
from tests.admin.conftest import form_of, row, signed_in, text
from tests.visitor import EMAIL, PHONE

pytestmark = pytest.mark.django_db
PREFIX = "otp_identifiers"


@pytest.fixture
def jane():
    user = User.objects.create_user("jane")
    Identifier.objects.create(user=user, kind="email_address", value=EMAIL)
    return user


@pytest.fixture
def boss():
    user = User.objects.create_user("boss", is_staff=True)
    Identifier.objects.create(user=user, kind="email_address", value="boss@example.com")
    return user


def page(user):
    return f"/admin/auth/user/{user.pk}/change/"


def save(client, user, *new, **changes):
    """Send the user's page with new rows and other changes."""
    data = form_of(client.get(page(user)))
    data |= {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    first = int(data.get(f"{PREFIX}-INITIAL_FORMS", 0))
    data |= {f"{PREFIX}-INITIAL_FORMS": first, f"{PREFIX}-TOTAL_FORMS": first + len(new)}
    for number, fields in enumerate(new, first):
        data |= row(PREFIX, number, **fields)
    data |= changes
    data = {name: value for name, value in data.items() if value is not False}
    return client.post(page(user), data)


def complaints(response):
    assert response.status_code == 200, "it was saved"
    formset = response.context["inline_admin_formsets"][0].formset
    return str(formset.errors) + str(formset.non_form_errors())


def values(user):
    return set(Identifier.objects.filter(user=user).values_list("value", flat=True))


def test_inline_is_on_user_page_once():
    attach()
    assert admin.site.get_model_admin(User).inlines.count(IdentifierInline) == 1


def test_site_without_user_page_is_left_alone():
    admin.site.unregister(User)
    try:
        attach()
    finally:
        admin.site.register(User, UserAdmin)
        attach()


def test_user_page_says_that_added_identifier_counts_as_verified(operator, jane):
    shown = text(operator.get(page(jane)))
    assert EMAIL in shown
    assert "counts as verified" in shown


def test_user_page_can_be_saved_unchanged(operator, jane):
    assert save(operator, jane).status_code == 302


def test_page_of_user_with_test_number_can_be_saved_unchanged(operator, jane):
    Identifier.objects.create(user=jane, kind="phone_number", value="+11111111111")
    assert save(operator, jane).status_code == 302


def test_identifier_is_added_on_user_page_in_canonical_form(operator, jane):
    assert save(operator, jane, {"value": "+1 (415) 555-2671", "primary": "on"}).status_code == 302
    assert values(jane) == {EMAIL, PHONE}


def test_identifier_is_deleted_on_user_page(operator, jane):
    assert save(operator, jane, **row(PREFIX, 0, DELETE="on")).status_code == 302
    assert not values(jane)


def test_saved_identifier_keeps_its_value_on_user_page(root, jane):
    save(root, jane, **row(PREFIX, 0, value="other@example.com"))
    assert values(jane) == {EMAIL}


def test_invalid_identifier_is_refused(operator, jane):
    assert "email address" in complaints(save(operator, jane, {"value": "a@b", "primary": "on"}))


def test_identifier_of_another_user_is_refused(operator, jane):
    other = User.objects.create_user("other")
    assert "This belongs to another user." in complaints(save(operator, other, {"value": "JANE@example.com"}))


def test_same_identifier_twice_is_refused(operator, jane):
    twice = [{"value": "a@example.com"}, {"value": "A@Example.com"}]
    assert "Remove the duplicate" in complaints(save(operator, jane, *twice))


def test_two_new_primary_identifiers_of_a_kind_are_refused(operator):
    other = User.objects.create_user("other")
    two = [{"value": "a@example.com", "primary": "on"}, {"value": "b@example.com", "primary": "on"}]
    assert "Choose one primary identifier for each kind" in complaints(save(operator, other, *two))


def test_new_primary_identifier_beside_the_old_one_is_refused(operator, jane):
    assert "primary" in complaints(save(operator, jane, {"value": "a@example.com", "primary": "on"}))


def test_operator_can_not_change_identifiers_of_staff_on_user_page(operator, boss):
    save(operator, boss, {"value": "mine@example.com"}, **row(PREFIX, 0, DELETE="on", id="1"))
    assert values(boss) == {"boss@example.com"}


def test_operator_can_not_change_identifiers_by_changing_staff_status(operator, jane, boss):
    save(operator, boss, {"value": "mine@example.com"}, is_staff=False)
    save(operator, jane, {"value": "mine@example.com"}, is_staff="on")
    save(operator, jane, {"value": "mine@example.com"}, is_superuser="on")
    assert not Identifier.objects.filter(value="mine@example.com").exists()


def test_operator_can_not_add_identifier_to_themselves(operator):
    me = User.objects.get(username="operator")
    save(operator, me, {"value": "mine@example.com", "primary": "on"})
    assert not values(me)


def test_forged_row_of_another_user_changes_nothing(operator, jane, boss):
    theirs = Identifier.objects.get(user=boss)
    save(operator, jane, **row(PREFIX, 0, id=theirs.pk, user=jane.pk, DELETE="on"))
    save(operator, jane, **row(PREFIX, 0, id=theirs.pk, user=jane.pk, primary=False))
    theirs.refresh_from_db()
    assert (theirs.user, theirs.primary) == (boss, True)


def test_superuser_changes_identifiers_of_staff_on_user_page(root, boss):
    assert save(root, boss, {"value": "second@example.com"}).status_code == 302
    assert values(boss) == {"boss@example.com", "second@example.com"}


def test_identifiers_are_added_with_new_user(operator):
    data = {
        "username": "new",
        "usable_password": "false",
        f"{PREFIX}-TOTAL_FORMS": 1,
        f"{PREFIX}-INITIAL_FORMS": 0,
    }
    operator.post("/admin/auth/user/add/", data | row(PREFIX, 0, value="New@example.com", primary="on"))
    assert values(User.objects.get(username="new")) == {"new@example.com"}


def test_viewer_sees_identifiers_without_fields(viewer, jane):
    assert EMAIL in text(viewer.get(page(jane)))
    assert save(viewer, jane, {"value": "a@example.com"}).status_code == 403


def test_identifiers_are_hidden_without_their_permission(db, jane):
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename="change_user"))
    assert "counts as verified" not in text(signed_in("clerk").get(page(jane)))


class OwnInline(admin.TabularInline):
    model = Identifier


class MixedPage(IdentifiersMixin, UserAdmin):
    inlines = [OwnInline]


def test_page_with_the_mixin_lists_identifiers_once_in_any_order_of_apps(monkeypatch):
    page = MixedPage(User, admin.AdminSite())
    assert page.inlines == [OwnInline, IdentifierInline]
    assert MixedPage.inlines == [OwnInline]
    monkeypatch.setitem(admin.site._registry, User, page)
    attach()
    assert page.inlines == [OwnInline, IdentifierInline]
