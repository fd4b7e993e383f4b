"""The operator's list of people who have proven an address and were not linked."""

import pytest
from django.contrib.auth import get_user_model

from tests.existing_users.people import existing, prove
from tests.visitor import EMAIL

LIST = "/admin/passwordless_otp/refusal/"


def rows(response):
    return [refusal.user.username for refusal in response.context["cl"].result_list]


@pytest.fixture
def refused(db):
    prove_for("other@example.com", is_staff=True)
    prove_for(EMAIL, password=None)


def prove_for(email, **more):
    existing(email.partition("@")[0], email=email, **more)
    prove(email)


def test_list_shows_reason_and_user_and_masks_the_identifier(viewer, refused):
    page = viewer.get(LIST)
    assert rows(page) == ["jane", "other"]
    text = page.content.decode()
    assert "j•••@e•••.com" in text
    assert EMAIL not in text
    assert "the user has no usable password" in text


def test_refusal_is_found_by_whole_identifier_and_by_reason(viewer, refused):
    assert rows(viewer.get(LIST, {"q": "Jane@Example.com"})) == ["jane"]
    assert rows(viewer.get(LIST, {"reason": "staff"})) == ["other"]
    assert rows(viewer.get(LIST, {"reason": "made up"})) == ["jane", "other"]


def test_refusal_can_be_read_and_neither_changed_nor_deleted(root, refused):
    [path] = [f"{LIST}{row.pk}/" for row in root.get(LIST, {"reason": "staff"}).context["cl"].result_list]
    assert root.get(f"{path}change/").status_code == 200
    assert root.post(f"{path}change/", {"reason": "x"}).status_code == 403
    assert root.post(f"{path}delete/", {"post": "yes"}).status_code == 403
    assert root.get(f"{LIST}add/").status_code == 403


def test_user_with_refusals_and_removed_identifiers_can_be_deleted(root, refused):
    user = get_user_model().objects.get(username="jane")
    user.otp_identifiers.create(kind="email_address", value="old@example.com").delete()
    path = f"/admin/auth/user/{user.pk}/delete/"
    assert root.post(path, {"post": "yes"}).status_code == 302
    assert not get_user_model().objects.filter(username="jane").exists()
