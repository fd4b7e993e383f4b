"""The fixtures for a site's own tests, as a site uses them."""

import subprocess
import sys

import pytest
from django.contrib.auth import SESSION_KEY, get_user_model
from django.test import Client
from django.urls import reverse

from passwordless_otp.models import InstanceSettings
from tests.docs.blocks import ROOT
from tests.visitor import operate

JANE = "jane@example.com"
SIGN_IN, VERIFY = "passwordless_otp:sign_in", "passwordless_otp:sign_in_verify"
IMPORTED = """
import sys
import passwordless_otp.testing.pytest_plugin
print([name for name in sys.modules if name.split(".")[0] in ["django", "rest_framework", "phonenumbers"]])
print([name for name in sys.modules if name.startswith("passwordless_otp")])
"""


def test_plugin_imports_neither_django_nor_the_app():
    done = subprocess.run([sys.executable, "-c", IMPORTED], cwd=ROOT, capture_output=True, text=True, check=True)
    django, ours = done.stdout.splitlines()
    assert django == "[]"
    assert ours == str(["passwordless_otp", "passwordless_otp.testing", "passwordless_otp.testing.pytest_plugin"])


def test_user_signs_up_and_in_by_code(sign_in_by_code, otp_messages):
    clients = [sign_in_by_code(JANE), sign_in_by_code(JANE)]
    user = get_user_model().objects.get()
    assert [client.session[SESSION_KEY] for client in clients] == [str(user.pk)] * 2
    assert [message.to for message in otp_messages if message.code] == [JANE] * 2


def test_given_client_is_signed_in(sign_in_by_code, client):
    assert sign_in_by_code(JANE, client) is client
    assert SESSION_KEY in client.session


def test_messages_are_kept_whatever_the_site_has_set(settings, otp_messages, db):
    assert settings.PASSWORDLESS_OTP["PUBLIC_URL"] == "https://example.com"
    Client().post(reverse(SIGN_IN), {"identifier": JANE})
    assert [(message.to, len(message.code)) for message in otp_messages] == [(JANE, 6)]


def test_reached_limit_is_named(sign_in_by_code):
    operate(limits={"ip_emails": 1})
    sign_in_by_code(JANE)
    with pytest.raises(AssertionError, match=r"No code .* ip_emails \(1 in 600 s\)"):
        sign_in_by_code(JANE)


def test_other_reasons_are_named(sign_in_by_code, settings):
    operate(sign_up_mode="closed")
    with pytest.raises(AssertionError, match=r"No code was sent to jane@example\.com"):
        sign_in_by_code(JANE)


def test_step_before_the_login_is_named(sign_in_by_code, settings, client):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "BEFORE_LOGIN": "tests.second_step.step"}
    with pytest.raises(AssertionError, match=r"was right, and BEFORE_LOGIN leads to /second-step/:"):
        sign_in_by_code(JANE, client)
    assert SESSION_KEY not in client.session


def test_without_limits_codes_can_be_asked_for_any_number_of_times(no_rate_limits, sign_in_by_code, otp_messages):
    for _ in range(35):  # more than an operator can allow an hour
        sign_in_by_code(JANE)
    assert len([message for message in otp_messages if message.code]) == 35


def test_limits_can_be_turned_off_for_one_test_only(db):
    assert InstanceSettings.current().tracked_only == ()


def test_expired_code_is_refused_and_another_is_sent(expire_codes, otp_messages, sign_in_by_code, client):
    client.post(reverse(SIGN_IN), {"identifier": JANE})
    assert expire_codes() == 1
    assert expire_codes() == 0
    client.post(reverse(VERIFY), {"code": otp_messages[0].code})
    assert SESSION_KEY not in client.session
    sign_in_by_code(JANE, client)
    assert SESSION_KEY in client.session
