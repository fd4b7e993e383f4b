"""Codes never grow beyond what some provider of the channel can carry."""

import json

import pytest

from passwordless_otp import conf
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Message, Verification
from passwordless_otp.models.instance_settings.limits import DAY
from passwordless_otp.rate_limits.code_strength import LONG, SHORT, UNGUESSABLE, CodeFormat, fitted
from tests.messaging import prism, providers
from tests.messaging import twilio_server as on
from tests.messaging.twilio_faults import VERIFY
from tests.rate_limits.rows import elsewhere, guess, only
from tests.visitor import PHONE, later

PATH = "passwordless_otp.messaging.backends.twilio_verify.TwilioVerifyBackend"
VERIFY_ENTRY = {"BACKEND": PATH, "OPTIONS": VERIFY}
MEMORY = {"BACKEND": "passwordless_otp.messaging.backends.memory.MemoryBackend"}
SHORT_CODES = providers.entry("first", "tests.messaging.providers.Short")
BY_OPTION = "tests.messaging.test_longest_code.ByOption"
FAILURES = {"identifier_failures": 10, "identifier_failures_per_day": 20, "identifier_failures_per_month": 100}


class ByOption(providers.Provider):
    """Takes codes of as many characters as its options say."""

    max_code_length = 7

    def __init__(self, name, most):
        super().__init__(name)
        self.max_code_length = most


def by_option(most):
    return {"BACKEND": BY_OPTION, "OPTIONS": {"name": "first", "most": most}}


class Recording(on.Loopback):
    """Keeps the code that was sent last."""

    code = ""

    def request(self, *args, **more):
        self.code = more["data"].get("CustomCode", self.code)
        return super().request(*args, **more)


@pytest.fixture
def deliver_by(settings):
    """A function that lets SMS go through these entries."""

    def use(*chain):
        settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {"sms": [*chain]}}

    return use


@pytest.fixture
def verify(deliver_by):
    """The client of a site whose SMS go through a Verify on loopback."""
    with on.running() as server:
        client = Recording(server.origin)
        deliver_by({"BACKEND": PATH, "OPTIONS": {**VERIFY, "http_client": client}})
        yield client


def owned():
    """Let somebody own PHONE."""
    owner = elsewhere(250)
    owner.sign_up(phone_number=PHONE, strategy="phone_code")
    owner.attempt(Verification.objects.get().code(), "phone_code")


def attack():
    """130 wrong codes from as many addresses."""
    for number in range(130):
        yield number
        assert guess(PHONE, elsewhere(number)).status_code == 422


def gets_in(client):
    """Let the owner sign in in a new browser. Return what they typed and the answer."""
    visitor = elsewhere(251)
    visitor.sign_in(PHONE, "phone_code")
    return client.code, visitor.attempt(client.code, "phone_code").status_code


@pytest.mark.parametrize(
    ("chain", "longest"),
    [
        ([VERIFY_ENTRY], 10),
        ([SHORT_CODES, VERIFY_ENTRY], 10),
        ([VERIFY_ENTRY, MEMORY], 0),
        ([VERIFY_ENTRY, {"BACKEND": "no.such.Backend"}], 0),
        ([{"BACKEND": PATH, "OPTIONS": {"service_sid": ""}}], 10),
        ([by_option(9)], 9),
        ([by_option(None)], 0),
        ([{"BACKEND": BY_OPTION}], 7),
        ([{"BACKEND": "tests.test_checks.Impostor"}], 0),
        ([VERIFY_ENTRY, None], 0),
        ([], 0),
    ],
)
def test_longest_code_is_that_of_the_provider_that_carries_most(deliver_by, chain, longest):
    deliver_by(*chain)
    assert conf.longest_code("sms") == longest
    assert conf.longest_code("email") == 0


def test_providers_are_not_made_for_each_code(deliver_by, monkeypatch):
    deliver_by(by_option(9))
    conf.longest_code("sms")
    monkeypatch.setattr(conf, "import_string", None)
    assert conf.longest_code("sms") == 9
    deliver_by(by_option(8))
    assert conf.longest_code("sms") == 0  # the control: it could not be made


@pytest.mark.parametrize(
    ("longest", "unguessable", "grown"),
    [
        (0, UNGUESSABLE, LONG),
        (13, UNGUESSABLE, LONG),
        (10, CodeFormat(10, "base32"), LONG),
        (8, CodeFormat(8, "base32"), LONG),
        (7, CodeFormat(7, "base32"), CodeFormat(7, "base32")),
        (6, CodeFormat(6, "base32"), CodeFormat(6, "base32")),
        (5, SHORT, SHORT),
        (1, SHORT, SHORT),
    ],
)
def test_format_is_cut_to_what_can_be_carried(longest, unguessable, grown):
    assert (fitted(UNGUESSABLE, longest), fitted(LONG, longest)) == (unguessable, grown)
    assert fitted(SHORT, longest) in {SHORT, unguessable}


@pytest.mark.django_db
@pytest.mark.parametrize("name", FAILURES)
def test_grown_code_is_one_that_verify_carries(verify, name):
    only(**{name: 2})
    owned()
    guess(PHONE)
    guess(PHONE)
    code, status = gets_in(verify)
    assert (len(code), status) == (8 if name == "identifier_failures" else 10, 200)


@pytest.mark.django_db
def test_code_longer_than_verify_carries_would_not_arrive(verify, monkeypatch):
    """The control: codes grow as if every provider carried any."""
    monkeypatch.setattr(conf, "_longest_code_of", lambda entry: 0)
    conf.longest_code.cache_clear()
    only(identifier_failures_per_day=1)
    owned()
    guess(PHONE)
    elsewhere().sign_in(PHONE, "phone_code")
    newest = Message.objects.latest("pk")
    assert (newest.status, newest.error_code) == ("failed", "code too long for this provider")


@pytest.mark.django_db
def test_operators_hear_how_long_codes_really_are(verify, caplog):
    only(identifier_failures_per_day=1)
    guess(PHONE)
    [line] = [each for each in caplog.records if getattr(each, "event", "") == "code_format_escalated"]
    assert (line.length, line.alphabet) == (10, "base32")


@pytest.mark.django_db
@pytest.mark.parametrize("resent", [False, True])
def test_longer_code_from_before_the_setting_changed_works_until_another_is_sent(deliver_by, verify, resent):
    only(identifier_failures_per_day=2)
    owned()
    guess(PHONE)
    guess(PHONE)
    owner, before = elsewhere(), {"BACKEND": PATH, "OPTIONS": {**VERIFY, "http_client": verify}}
    deliver_by(MEMORY)
    owner.sign_in(PHONE, "phone_code")
    code = memory.sent[-1].code
    deliver_by(before)
    assert len(code) == 13
    if resent:
        later(seconds=31)
        owner.prepare("phone_code")
        code = verify.code
        assert len(code) == 10
    assert owner.attempt(code, "phone_code").status_code == 200


@pytest.mark.slow
@pytest.mark.django_db
def test_130_wrong_codes_in_three_days_lock_nobody_out(deliver_by, clock, tmp_path):
    described = json.loads(prism.VERIFY.read_text())["paths"]["/v2/Services/{ServiceSid}/Verifications"]["post"]
    form = described["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]["properties"]
    assert "between 4 and 10 characters" in form["CustomCode"]["description"]
    with prism.running(tmp_path / "log", prism.VERIFY) as origin:
        client = Recording(origin, timeout=prism.PATIENCE)
        deliver_by({"BACKEND": PATH, "OPTIONS": {**VERIFY, "http_client": client}})
        only(**FAILURES)
        owned()
        for number in attack():
            clock.tick(3 * DAY // 130 if number else 0)
        passed = 0
        for day, length in {1: 10, 8: None, 30: None, 90: 6}.items():
            clock.tick((day - passed) * DAY)
            passed = day
            code, status = gets_in(client)
            assert status == 200, day
            assert length in {None, len(code)}
            assert not Message.objects.filter(status="failed").exists()
