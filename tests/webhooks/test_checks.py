"""A provider that could report, and is not told where to."""

import pytest

from tests.messaging.twilio_faults import GIVEN, VERIFY
from tests.test_checks import found, sms
from tests.webhooks.conftest import PATH

pytestmark = pytest.mark.django_db
TWILIO = {"BACKEND": PATH, "OPTIONS": GIVEN}
SILENT = {
    "BACKEND": "passwordless_otp.messaging.backends.twilio_verify.TwilioVerifyBackend",
    "OPTIONS": VERIFY,
}
CONSOLE = {"BACKEND": "passwordless_otp.messaging.backends.console.ConsoleBackend"}


@pytest.mark.parametrize("chain", [[TWILIO], [CONSOLE, TWILIO], [TWILIO, TWILIO]])
def test_without_a_public_url_statuses_stay_sent(settings, chain):
    settings.PASSWORDLESS_OTP = sms(*chain)
    [(number, text)] = found()
    assert number == "W007"
    assert "PUBLIC_URL" in text
    assert "93c1" not in text
    settings.PASSWORDLESS_OTP = {**sms(*chain), "PUBLIC_URL": "https://example.com"}
    assert found() == []


@pytest.mark.parametrize("chain", [[CONSOLE], [SILENT]])
def test_provider_without_reports_needs_no_public_url(settings, chain):
    settings.PASSWORDLESS_OTP = sms(*chain)
    assert found() == []


@pytest.mark.urls("passwordless_otp.api.urls")
def test_site_that_has_not_included_the_webhook_gets_no_finding(settings):
    settings.PASSWORDLESS_OTP = sms(TWILIO)
    assert found() == []


def test_what_is_wrong_with_the_settings_comes_first(settings):
    settings.PASSWORDLESS_OTP = sms({"BACKEND": PATH, "OPTIONS": {"account_sid": ""}})
    assert [number for number, _ in found()] == ["E002"]
