"""Who adds an identifier by hand tells those that the user had before."""

import pytest
from django.contrib.auth.models import User

from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Identifier, Message
from tests.admin.conftest import text
from tests.admin.test_user_page import PREFIX, save
from tests.visitor import EMAIL, PHONE, both_kinds

pytestmark = pytest.mark.django_db(transaction=True)
ADD, LIST = "/admin/passwordless_otp/identifier/add/", "/admin/passwordless_otp/message/"
NEW = "new@example.com"


@pytest.fixture
def jane():
    user = User.objects.create_user("jane")
    Identifier.objects.create(user=user, kind="email_address", value=EMAIL)
    return user


def told():
    return [(message.to, message.subject) for message in memory.sent]


SUBJECT = "A new way into your account at example.com"


def test_owner_is_notified_of_identifier_added_on_their_page(root, jane):
    save(root, jane, {"value": NEW}, {"value": PHONE, "primary": "on"})
    assert Identifier.objects.count() == 3
    assert told() == [(EMAIL, SUBJECT)]
    assert "/auth/not-me/" in memory.sent[0].text


def test_owner_is_notified_when_an_identifier_replaces_another(root, jane):
    save(root, jane, {"value": NEW}, **{f"{PREFIX}-0-DELETE": "on"})
    assert Identifier.objects.get().value == NEW
    assert told() == [(EMAIL, SUBJECT)]


def test_owner_is_notified_of_identifier_added_in_the_list(root, jane):
    assert root.post(ADD, {"user": jane.pk, "value": NEW, "primary": "on"}).status_code == 200, "two primary ones"
    assert told() == []
    root.post(ADD, {"user": jane.pk, "value": NEW})
    assert told() == [(EMAIL, SUBJECT)]


def test_phone_is_notified_if_there_is_no_email_address(root):
    both_kinds()
    user = User.objects.create_user("joe")
    Identifier.objects.create(user=user, kind="phone_number", value=PHONE)
    root.post(ADD, {"user": user.pk, "value": NEW, "primary": "on"})
    assert [to for to, _ in told()] == [PHONE]
    assert memory.sent[0].text.startswith("A new way into your account")


def test_nobody_is_notified_if_nothing_is_added_or_user_had_no_identifier(root, jane):
    save(root, jane)
    save(root, jane, {"value": EMAIL})
    user = User.objects.create_user("joe")
    save(root, user, {"value": NEW, "primary": "on"})
    root.post(f"/admin/passwordless_otp/identifier/{Identifier.objects.get(value=NEW).pk}/change/", {})
    assert told() == []


def test_operator_finds_security_notice_by_its_recipient(root, jane):
    root.post(ADD, {"user": jane.pk, "value": NEW})
    page = text(root.get(LIST, {"q": EMAIL.upper()}))
    assert "security notice" in page
    assert EMAIL in page
    assert EMAIL not in text(root.get(LIST, {"q": NEW}))
    assert EMAIL in text(root.get(f"{LIST}{Message.objects.get().pk}/change/"))
