"""What the benchmarks count. Nothing here is timed."""

import pytest
from django.db import connection, transaction

from passwordless_otp.models import Message
from tools.benchmarks import statements
from tools.benchmarks.statements import ATTEMPT, CREATE, RETURNING, Cost
from tools.site import package

pytestmark = pytest.mark.django_db(transaction=True)


def test_statement_and_control_are_counted_apart():
    def step():
        with transaction.atomic(), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    assert statements.count(step) == Cost(statements=1, controls=4)


def test_reading_the_instance_settings_is_not_counted():
    assert statements.count(package.InstanceSettings.current) == Cost(0, 0)


def test_delivery_in_the_request_costs_more_at_each_step_that_sends():
    left_out = statements.count_steps(package.RECORD)
    assert list(left_out) == [CREATE, ATTEMPT, RETURNING]
    assert not Message.objects.filter(status="sent").exists()
    package.get_user_model().objects.all().delete()
    in_request = statements.count_steps("blocking")
    assert Message.objects.filter(status="sent", kind="notice").exists()
    assert in_request[CREATE].statements > left_out[CREATE].statements
    assert in_request[ATTEMPT] == left_out[ATTEMPT]
    assert in_request[RETURNING].statements > left_out[RETURNING].statements
