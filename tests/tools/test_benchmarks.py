"""What the benchmarks count. Nothing here is timed."""

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction

from passwordless_otp.models import Counter, Flow, Identifier, Message, Verification
from tools.benchmarks import rows, statements
from tools.benchmarks.statements import ATTEMPT, CREATE, RETURNING, Cost
from tools.site import BLOCKING, RECORD, package

pytestmark = pytest.mark.django_db(transaction=True)


def test_statement_and_control_are_counted_apart():
    def step():
        with transaction.atomic(), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    assert statements.count(step) == Cost(statements=1, controls=4)


def test_reading_the_instance_settings_is_not_counted():
    assert statements.count(package.InstanceSettings.current) == Cost(0, 0)


def test_delivery_in_the_request_costs_more_at_each_step_that_sends():
    left_out = statements.count_steps(RECORD)
    assert list(left_out) == [CREATE, ATTEMPT, RETURNING]
    assert not Message.objects.filter(status="sent").exists()
    get_user_model().objects.all().delete()
    in_request = statements.count_steps(BLOCKING)
    assert Message.objects.filter(status="sent", kind="security_notice").exists()
    assert in_request[CREATE].statements > left_out[CREATE].statements
    assert in_request[ATTEMPT] == left_out[ATTEMPT]
    assert in_request[RETURNING].statements > left_out[RETURNING].statements


def test_tables_are_filled_with_finished_sign_ins_of_users():
    rows.fill(3)
    assert get_user_model().objects.count() == Identifier.objects.count() == 3
    assert Verification.objects.count() == Message.objects.count() == Counter.objects.count() == 6
    for flow in Flow.objects.all():
        assert flow.user.otp_identifiers.get().value == flow.email_address
        assert flow.verifications.get().messages.get().identifier.value == flow.email_address


def test_filled_tables_change_no_count():
    empty = statements.count_steps(RECORD)
    get_user_model().objects.all().delete()
    rows.fill(3)
    assert statements.count_steps(RECORD) == empty
