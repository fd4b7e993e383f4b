"""The same races over HTTP, against several gunicorn workers: no lock of one process keeps the count."""

import http.client
import json
from collections import Counter
from contextlib import closing

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session

from passwordless_otp.models import Verification
from tests.races.threads import together
from tests.races.workers import served
from tests.visitor import EMAIL, ApiVisitor, joined, newest_code, wrong

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
WORKERS, REQUESTS, CAP = 3, 60, 5


@pytest.fixture
def port():
    with served("django.core.wsgi:get_wsgi_application()", WORKERS) as port:
        yield port


def attempts(port, visitor, code):
    """60 attempts at once: how often each status came."""
    cookie = f"otp_client={visitor.http.cookies['otp_client'].value}"
    body = json.dumps({"strategy": "email_code", "code": code})
    headers = {"Content-Type": "application/json", "Cookie": cookie}

    def one():
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as call:
            call.request("POST", f"/auth/v1/client/sign_ins/{visitor.flow}/attempt_first_factor", body, headers)
            with closing(call.getresponse()) as answer:
                return answer.status

    return Counter(together([one] * REQUESTS))


@pytest.fixture
def visitor():
    joined()
    Session.objects.all().delete()
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code")
    return visitor


def test_of_60_wrong_codes_to_several_workers_5_are_tries(port, visitor):
    statuses = attempts(port, visitor, wrong(newest_code()))
    assert Verification.objects.get(flow__purpose="sign_in").tries == CAP
    assert set(statuses) <= {400, 422}
    assert statuses[422] < CAP
    assert attempts(port, visitor, newest_code()) == {400: REQUESTS}


def test_of_60_right_codes_to_several_workers_one_signs_in(port, visitor):
    statuses = attempts(port, visitor, newest_code())
    assert statuses[200] == 1
    assert set(statuses) <= {200, 400, 404}
    assert Session.objects.count() == get_user_model().objects.count() == 1
