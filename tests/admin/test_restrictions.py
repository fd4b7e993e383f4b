"""Restrictions in the admin: entered in any spelling, filtered, found, deleted; each holds at once."""

import pytest

from passwordless_otp.models import Restriction
from tests.admin.conftest import SETTINGS, apply, text
from tests.restrictions.entries import allow, block, shut_out
from tests.visitor import EMAIL, ApiVisitor

pytestmark = pytest.mark.django_db
LIST = "/admin/passwordless_otp/restriction/"


def add(client, pattern, effect="block", note=""):
    return client.post(f"{LIST}add/", {"pattern": pattern, "effect": effect, "note": note})


def may_sign_up():
    return ApiVisitor().sign_up(email_address=EMAIL).status_code == 200


def test_blocked_domain_can_not_sign_up_until_unblocked(operator):
    assert may_sign_up()
    assert add(operator, " @EXAMPLE.com ", note="spam in May").status_code == 302
    entry = Restriction.objects.get()
    assert (entry.pattern, entry.note) == ("@example.com", "spam in May")
    assert not may_sign_up()
    deleted = {"action": "delete_selected", "_selected_action": entry.pk, "post": "yes"}
    assert operator.post(LIST, deleted).status_code == 302
    assert may_sign_up()


def test_invalid_and_duplicate_patterns_are_refused(operator):
    assert "Type an email address" in text(add(operator, "@com"))
    add(operator, "@example.com")
    assert "already exists" in text(add(operator, "@Example.com"))
    assert Restriction.objects.count() == 1


def test_restrictions_are_filtered_by_effect_and_found_by_part(operator):
    allow("@one.example")
    block("@two.example")
    shut_out("eve@three.example")
    only = text(operator.get(LIST, {"effect__exact": "block_sign_in"}))
    assert "eve@three.example" in only
    assert "@two.example" not in only
    found = text(operator.get(LIST, {"q": "two"}))
    assert "@two.example" in found
    assert "@one.example" not in found


def test_viewer_changes_nothing(viewer):
    assert add(viewer, "@example.com").status_code == 403
    assert viewer.get(LIST).status_code == 200


def test_summary_says_that_sign_up_is_restricted(root):
    apply(root, sign_up_mode="restricted")
    assert "Only people whom the restrictions allow can sign up." in text(root.get(SETTINGS))
