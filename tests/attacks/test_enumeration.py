"""Known, unknown, inactive and staff identifiers cost the same. What is seen of them: tests/parity."""

import pytest
from django.contrib.auth import get_user_model

from passwordless_otp.messaging import deliver
from passwordless_otp.models import Identifier, Message
from tests import hooks
from tests.messaging import providers
from tests.visitor import ApiVisitor, both_kinds, wrong

pytestmark = pytest.mark.django_db
PEOPLE = [{"is_active": True}, {"is_active": False}, {"is_staff": True}, {"is_superuser": True}]


def test_everybody_gets_a_message_row_and_a_dispatch(settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.record"}
    hooks.recorded.clear()
    both_kinds()
    for number, status in enumerate(PEOPLE):
        user = get_user_model().objects.create(username=f"p{number}", **status)
        Identifier.objects.create(user=user, kind="phone_number", value=f"+1415555267{number}")
    for number in range(len(PEOPLE) + 1):
        ApiVisitor().sign_in(f"+1415555267{number}", "phone_code")
    assert Message.objects.count() == len(hooks.recorded) == len(PEOPLE) + 1
    assert set(Message.objects.values_list("kind", "status")) == {("sign_in", "pending")}
    for job in hooks.recorded:
        deliver.run_job(job)
    assert dict(Message.objects.values_list("kind", "status")) == {
        "sign_in": "sent",
        "not_allowed": "suppressed",
        "unknown_account": "suppressed",
    }


def test_spent_tries_are_told_to_the_queue_alike_where_a_provider_asks(settings):
    asks = [providers.entry("first", "tests.messaging.providers.OutcomeReporting")]
    changes = {"DISPATCH": "tests.hooks.record", "DELIVERY": {"sms": asks}}
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, **changes}
    both_kinds(max_tries=1)
    user = get_user_model().objects.create(username="known")
    Identifier.objects.create(user=user, kind="phone_number", value="+14155552670")
    for address in ["+14155552670", "+14155552671"]:
        visitor = ApiVisitor()
        visitor.sign_in(address, "phone_code")
        message = Message.objects.order_by("pk").last()
        deliver.run_job(message.pk)
        hooks.recorded.clear()
        visitor.attempt(wrong(message.verification.code()), "phone_code")
        assert hooks.recorded == [str(message.pk)]
