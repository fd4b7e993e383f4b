"""What the system checks find, and that they tell no secret."""

import os
import subprocess
import sys

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import InterfaceError

from passwordless_otp.messaging.backends.base import Backend
from passwordless_otp.models import InstanceSettings
from tests.messaging import mailers
from tests.visitor import both_kinds

pytestmark = pytest.mark.django_db  # Django's own checks ask the database what it can do
BACKENDS = "passwordless_otp.messaging.backends"
SMTP = "django.core.mail.backends.smtp.EmailBackend"
EMAIL = {"BACKEND": f"{BACKENDS}.email.EmailBackend"}
VERIFY, FIVE = f"{BACKENDS}.twilio_verify.TwilioVerifyBackend", "tests.messaging.providers.Short"
CONSOLE = {"BACKEND": f"{BACKENDS}.console.ConsoleBackend"}
LIVE = {"DELIVERY": {"email": [EMAIL], "sms": [EMAIL]}, "PUBLIC_URL": "https://example.com"}


@pytest.fixture(autouse=True)
def secure(settings):
    """Cookies as they should be where --deploy looks."""
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True


class Demanding(Backend):
    def __init__(self, token):
        if not token.startswith("live"):
            raise ValueError(f"bad token {token}")

    def send(self, message):
        raise NotImplementedError


class Impostor:
    """Sends nothing and is no Backend."""


def found(deploy=False):
    """Our messages, by their number."""
    messages = [m for m in run_checks(include_deployment_checks=deploy) if m.id.startswith("passwordless_otp.")]
    assert all(message.hint for message in messages)
    return [(message.id.partition(".")[2], f"{message.msg} {message.hint}") for message in messages]


def numbers(**options):
    return [number for number, _ in found(**options)]


def with_options(chain):
    """These providers, with options of which they can be made."""
    account = {"account_sid": "AC1", "auth_token": "token", "service_sid": "VA1"}
    needed = {VERIFY: account, FIVE: {"name": "first"}}
    return [
        {**entry, "OPTIONS": needed[entry["BACKEND"]]} if entry["BACKEND"] in needed else entry for entry in chain
    ]


def sms(*chain):
    return {"DELIVERY": {"sms": list(chain)}}


def test_settings_of_the_tests_pass():
    assert found() == []


@pytest.mark.parametrize("given", [{}, LIVE, {"DISPATCH": "thread"}, {"DISPATCH": "tests.hooks.record"}])
def test_valid_settings_pass(settings, given):
    settings.PASSWORDLESS_OTP = given
    assert found() == []


def test_site_without_settings_passes(settings):
    del settings.PASSWORDLESS_OTP
    assert found() == []


@pytest.mark.parametrize(
    ("key", "near"), [("DELIVRY", "DELIVERY"), ("public_url", "PUBLIC_URL"), ("CREATE_USERS", "CREATE_USER")]
)
def test_misspelt_key_gets_a_suggestion(settings, key, near):
    settings.PASSWORDLESS_OTP = {key: ""}
    [(number, text)] = found()
    assert number == "E001"
    assert repr(key) in text
    assert repr(near) in text


@pytest.mark.parametrize("key", ["XYZ", 7])
def test_unknown_key_gets_the_list_of_keys(settings, key):
    settings.PASSWORDLESS_OTP = {key: ""}
    [(number, text)] = found()
    assert number == "E001"
    assert "DISPATCH" in text


@pytest.mark.parametrize("given", [[], "DELIVERY", None])
def test_settings_that_are_not_a_dictionary_are_an_error(settings, given):
    settings.PASSWORDLESS_OTP = given
    assert numbers() == ["E001"]


@pytest.mark.parametrize(
    "entry",
    [
        {"BACKEND": "nowhere.Backend"},
        {"BACKEND": "nowhere"},
        {"BACKEND": f"{BACKENDS}.email.Missing"},
        {"BACKEND": f"{BACKENDS}.email.EmailBackend", "OPTIONS": {"usng": "x"}},
        {"BACKEND": "tests.test_checks.Demanding"},
        {"BACKEND": "tests.test_checks.Impostor"},
        {"BACKEND": "passwordless_otp.messaging.backends.base.Backend"},
    ],
)
def test_provider_that_can_not_be_created_is_an_error(settings, entry):
    settings.PASSWORDLESS_OTP = sms(entry)
    assert numbers() == ["E002"]


def test_values_of_options_are_never_shown(settings):
    secret = "sk-93c1"
    settings.PASSWORDLESS_OTP = sms({"BACKEND": "tests.test_checks.Demanding", "OPTIONS": {"token": secret}})
    [(_, text)] = found()
    assert "token" in text
    assert secret not in text


@pytest.mark.parametrize(
    "delivery",
    [
        None,
        [],
        {"fax": [EMAIL]},
        {"sms": []},
        {"sms": [EMAIL, "path"]},
        {"sms": EMAIL},
        {"sms": None},
        {"sms": ["path"]},
        {"sms": [{}]},
        {"sms": [{"BACKEND": 7}]},
        {"sms": [{**EMAIL, "OPTIONS": []}]},
        {"sms": [{**EMAIL, "OPTION": {}}]},
    ],
)
def test_channel_without_list_of_providers_is_an_error(settings, delivery):
    settings.PASSWORDLESS_OTP = {"DELIVERY": delivery}
    assert numbers() == ["E003"]


@pytest.mark.parametrize("name", ["DISPATCH", "CREATE_USER"])
@pytest.mark.parametrize(
    "path", ["nowhere.f", "thraed", "", None, 7, "tests.hooks.missing", "tests.hooks.recorded"]
)
def test_path_to_nothing_callable_is_an_error(settings, name, path):
    settings.PASSWORDLESS_OTP = {name: path}
    assert numbers() == ["E004"]


@pytest.mark.parametrize("number", [-1, True, 1.0, "1", None, []])
def test_invalid_number_of_proxies_is_an_error(settings, number):
    settings.PASSWORDLESS_OTP = {"TRUSTED_PROXIES": number}
    assert numbers() == ["E009"]


@pytest.mark.parametrize("value", ["Link", "", None, True])
def test_unknown_value_for_existing_users_is_an_error(settings, value):
    settings.PASSWORDLESS_OTP = {"EXISTING_USERS": value}
    assert numbers() == ["E021"]


@pytest.mark.parametrize("number", [0, 1, 3])
def test_valid_number_of_proxies_passes(settings, number):
    settings.PASSWORDLESS_OTP = {"TRUSTED_PROXIES": number}
    assert numbers() == []


@pytest.mark.parametrize("name", ["BOT_CHECK", "BEFORE_LOGIN", "MAY_SIGN_IN"])
@pytest.mark.parametrize("path", ["nowhere.f", None, 7, "tests.hooks.recorded"])
def test_optional_function_that_can_not_be_called_is_an_error(settings, name, path):
    settings.PASSWORDLESS_OTP = {name: path}
    assert numbers() == ["E004"]
    settings.PASSWORDLESS_OTP = {name: ""}
    assert numbers() == []


def test_create_user_does_not_accept_words_of_dispatch(settings):
    settings.PASSWORDLESS_OTP = {"CREATE_USER": "thread"}
    assert numbers() == ["E004"]


def test_users_and_tables_in_different_databases_are_an_error(monkeypatch):
    from django.db import router

    monkeypatch.setattr(router, "db_for_write", lambda model, **hints: model._meta.app_label)
    monkeypatch.setattr("passwordless_otp.checks.site.connections", {"passwordless_otp": Sqlite})
    assert numbers() == ["E005"]


class Sqlite:
    vendor = "sqlite"


class MySQL:
    vendor = "mysql"


def test_unsupported_database_is_an_error(monkeypatch):
    monkeypatch.setattr("passwordless_otp.checks.site.connections", {"default": MySQL})
    assert numbers() == ["E016"]


def test_old_sqlite_is_an_error(monkeypatch):
    monkeypatch.setattr("passwordless_otp.checks.site.connections", {"default": Sqlite})
    assert numbers() == []
    monkeypatch.setattr("passwordless_otp.checks.site.SQLITE", (99, 0))
    assert numbers() == ["E016"]


@pytest.mark.parametrize(
    ("missing", "engine", "expected"),
    [
        ("django.contrib.auth", "db", ["W004"]),
        ("django.contrib.sessions", "db", ["W004"]),
        ("django.contrib.sessions", "cached_db", ["W004"]),
        ("django.contrib.sessions", "cache", []),
        ("django.contrib.sessions", "file", []),
        ("django.contrib.sessions", "signed_cookies", []),
    ],
)
def test_missing_app_gets_a_warning_where_it_is_needed(settings, monkeypatch, missing, engine, expected):
    from django.apps import apps

    installed = apps.is_installed
    monkeypatch.setattr(apps, "is_installed", lambda name: name != missing and installed(name))
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    assert [number for number in numbers() if number == "W004"] == expected


class TestDeployment:
    """Only with --deploy."""

    def test_live_site_passes(self, settings):
        settings.PASSWORDLESS_OTP = LIVE
        assert found(deploy=True) == []

    def test_site_without_public_url_gets_a_warning(self, settings):
        settings.PASSWORDLESS_OTP = LIVE | {"PUBLIC_URL": ""}
        assert numbers(deploy=True) == ["W002"]
        assert numbers() == []

    @pytest.mark.parametrize("name", ["console.Console", "memory.Memory"])
    def test_development_backend_is_an_error_while_its_codes_are_on(self, settings, name):
        chain = [{"BACKEND": f"{BACKENDS}.{name}Backend"}]
        settings.PASSWORDLESS_OTP = LIVE | {"DELIVERY": {"email": [EMAIL], "sms": chain}}
        assert numbers(deploy=True) == []
        both_kinds()
        assert numbers(deploy=True) == ["E006"]

    @pytest.mark.parametrize(("mail", "number"), [("console", "E006"), ("filebased", "E006"), ("locmem", None)])
    def test_mail_backend_of_django_for_development_is_an_error(self, settings, mail, number):
        using = mailers.name(settings, f"django.core.mail.backends.{mail}.EmailBackend")
        entry = {**EMAIL, "OPTIONS": {"using": using}}
        settings.PASSWORDLESS_OTP = LIVE | {"DELIVERY": {"email": [entry], "sms": [EMAIL]}}
        assert [name for name in numbers(deploy=True) if name != "W016"] == [number][: bool(number)]

    @pytest.mark.parametrize(
        ("host", "found"), [("localhost", ["W016"]), ("::1", ["W016"]), ("smtp.example.com", [])]
    )
    def test_smtp_to_the_own_machine_gets_a_warning(self, settings, host, found):
        using = mailers.name(settings, SMTP, host=host, port=25)
        entry = {**EMAIL, "OPTIONS": {"using": using}}
        settings.PASSWORDLESS_OTP = LIVE | {"DELIVERY": {"email": [entry], "sms": [EMAIL]}}
        assert numbers(deploy=True) == found

    def test_mail_settings_that_name_nothing_are_an_error(self, settings):
        entry = {**EMAIL, "OPTIONS": {"using": "nowhere.EmailBackend"}}
        settings.PASSWORDLESS_OTP = LIVE | {"DELIVERY": {"email": [entry], "sms": [EMAIL]}}
        assert numbers(deploy=True) == ["E006"]

    def test_blocking_dispatch_is_an_error(self, settings):
        settings.PASSWORDLESS_OTP = LIVE | {"DISPATCH": "blocking"}
        assert numbers(deploy=True) == ["E006"]

    def test_test_mode_gets_a_warning(self, settings):
        settings.PASSWORDLESS_OTP = LIVE
        InstanceSettings(test_mode=True).save()
        assert numbers(deploy=True) == ["W003"]

    def test_sms_without_an_open_country_gets_a_warning(self, settings):
        settings.PASSWORDLESS_OTP = LIVE
        InstanceSettings(sms_countries=[]).save()
        assert numbers(deploy=True) == []
        both_kinds(sms_countries=[])
        assert numbers(deploy=True) == ["W009"]
        both_kinds(sms_countries=["DE"])
        assert numbers(deploy=True) == []

    def test_invalid_settings_are_reported_first(self, settings):
        settings.PASSWORDLESS_OTP = {"DELIVERY": {"sms": []}}
        assert numbers(deploy=True) == ["E003"]


def test_an_error_stops_the_check_command(settings):
    settings.PASSWORDLESS_OTP = {"DELIVRY": {}}
    with pytest.raises(SystemCheckError, match=r"passwordless_otp\.E001"):
        call_command("check")


def test_deploy_check_runs_without_tables(tmp_path):
    environment = {**os.environ, "DATABASE_URL": "", "SERVE_DATABASE": str(tmp_path / "empty.sqlite3")}
    environment["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    command = [sys.executable, "-m", "django", "check", "--deploy"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert "passwordless_otp.E006" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("error", [InterfaceError, ImproperlyConfigured])
def test_unreachable_database_is_not_reported(settings, monkeypatch, error):
    def fail():
        raise error("gone")

    settings.PASSWORDLESS_OTP = LIVE
    monkeypatch.setattr(InstanceSettings, "current", fail)
    assert numbers(deploy=True) == []


@pytest.mark.parametrize(
    ("chain", "told"),
    [
        ([{"BACKEND": VERIFY}], "after many wrong codes they have 10 characters instead of 13"),
        ([{"BACKEND": VERIFY}, {"BACKEND": FIVE}], "after many wrong codes they have 10 characters"),
        ([{"BACKEND": FIVE}], "codes have at least 6, so none is sent"),
    ],
)
def test_channel_that_cannot_carry_the_longest_code_is_named(settings, chain, told):
    settings.PASSWORDLESS_OTP = {**LIVE, "DELIVERY": {"email": [EMAIL], "sms": with_options(chain)}}
    both_kinds()
    [text] = [text for number, text in found(deploy=True) if number == "W021"]
    assert "DELIVERY['sms']" in text
    assert told in text


@pytest.mark.parametrize(
    ("chain", "is_on"), [([{"BACKEND": VERIFY}, EMAIL], True), ([{"BACKEND": VERIFY}], False)]
)
def test_channel_that_carries_any_code_or_is_off_is_not_named(settings, chain, is_on):
    settings.PASSWORDLESS_OTP = {**LIVE, "DELIVERY": {"email": [EMAIL], "sms": with_options(chain)}}
    if is_on:
        both_kinds()
    assert "W021" not in numbers(deploy=True)
