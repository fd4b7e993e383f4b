"""What the system checks find about the site around us."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.test.utils import isolate_apps

from passwordless_otp.admin import IdentifierInline
from tests.docs.blocks import ROOT
from tests.test_checks import LIVE, found, numbers, secure  # noqa: F401

pytestmark = pytest.mark.django_db
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
USERS = "django.contrib.auth.middleware.AuthenticationMiddleware"


class Derived(AuthenticationMiddleware):
    """A site's own."""


def function(get_response):
    """A middleware that is no class."""
    return get_response


@pytest.mark.parametrize("path", [SESSIONS, USERS])
def test_missing_middleware_is_an_error_that_names_it(settings, path):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != path]
    [(number, text)] = found()
    assert number == "E007"
    assert path in text


def test_derived_middleware_passes(settings):
    own = f"{__name__}.Derived"
    settings.MIDDLEWARE = [own if name == USERS else name for name in settings.MIDDLEWARE]
    assert found() == []


@pytest.mark.parametrize("other", [f"{__name__}.function", "nowhere.Middleware"])
def test_other_middleware_is_ignored(settings, other):
    settings.MIDDLEWARE = [other, *settings.MIDDLEWARE]
    assert found() == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://example.com",
        "https://example.com/",
        "HTTP://Example.com",
        "http://127.0.0.1:8000",
        "https://[::1]:8443/",
        "https://bücher.example",
    ],
)
def test_scheme_and_host_of_public_url_pass(settings, url):
    settings.PASSWORDLESS_OTP = LIVE | {"PUBLIC_URL": url}
    assert found() == []


@pytest.mark.parametrize(
    "url",
    [
        None,
        7,
        "example.com",
        "//example.com",
        "ftp://example.com",
        "https://",
        "https:///path",
        "https://example.com/path",
        "https://example.com//",
        "https://example.com?",
        "https://example.com/?a=b",
        "https://example.com#a",
        "https://jane:secret@example.com",
        "https://@example.com",
        "https://example.com:",
        "https://example.com:0",
        "https://example.com:65536",
        "https://example.com:http",
        "https://[::::1]",
        "https://exa mple.com",
        " https://example.com",
        "https://example.com\n",
        "https://example.com\\a",
    ],
)
def test_other_public_url_is_an_error_that_does_not_repeat_it(settings, url):
    settings.PASSWORDLESS_OTP = LIVE | {"PUBLIC_URL": url}
    [(number, text)] = found(deploy=True)
    assert number == "E008"
    assert "secret" not in text


def test_function_that_gives_the_address_of_a_host_passes(settings):
    settings.PASSWORDLESS_OTP = LIVE | {"PUBLIC_URL": "tests.test_hosts.origin_of"}
    assert found(deploy=True) == []


@pytest.mark.parametrize("path", ["tests.test_hosts.missing", "tests.test_hosts.HOSTS"])
def test_path_to_no_function_is_no_public_url(settings, path):
    settings.PASSWORDLESS_OTP = LIVE | {"PUBLIC_URL": path}
    assert numbers(deploy=True) == ["E008"]


def hosts_of(*names):
    """A model of hosts, as django.contrib.sites and django-tenants have one."""
    rows = [SimpleNamespace(domain=name) for name in names]
    return SimpleNamespace(_default_manager=SimpleNamespace(order_by=lambda _: rows))


@pytest.mark.parametrize("app", ["django.contrib.sites", "django_tenants"])
def test_one_public_url_for_several_hosts_gets_a_warning(settings, monkeypatch, app):
    installed, model_of, names = apps.is_installed, apps.get_model, ["one.example"]
    hosts = ["sites.Site", "tenants.Domain"]
    monkeypatch.setattr(apps, "is_installed", lambda name: name == app or installed(name))
    monkeypatch.setattr(
        apps, "get_model", lambda *of, **o: hosts_of(*names) if of[0] in hosts else model_of(*of, **o)
    )
    settings.TENANT_DOMAIN_MODEL, settings.PASSWORDLESS_OTP = "tenants.Domain", LIVE
    settings.SHARED_APPS, settings.TENANT_APPS = ["django.contrib.auth", "passwordless_otp"], []
    assert numbers(deploy=True) == []
    names.append("two.example")
    [(number, text)] = found(deploy=True)
    assert (number, "one.example" in text) == ("W017", True)
    settings.PASSWORDLESS_OTP = LIVE | {"PUBLIC_URL": "tests.test_hosts.origin_of"}
    assert numbers(deploy=True) == []


@pytest.mark.parametrize("templates", [[], [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]])
def test_engine_that_does_not_find_the_templates_is_an_error(settings, templates):
    settings.TEMPLATES = templates
    assert "E018" in numbers()


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ("webmaster@localhost", []),
        ("Möbel <noreply@example.com>", []),
        ('"Möbel, Küche & Co" <noreply@example.com>', []),
        ("Möbel, Küche & Co <noreply@example.com>", ["E019"]),
        ("Shop, Inc. <noreply@example.com>", ["E019"]),
        ("Shop\nBcc: eve@example.com <noreply@example.com>", ["E019"]),
        ("noreply", []),  # Django allows it
        (", ", ["E019"]),
    ],
)
def test_sender_has_to_be_one_address(settings, sender, expected):
    settings.DEFAULT_FROM_EMAIL, settings.PASSWORDLESS_OTP = sender, LIVE
    assert numbers() == expected
    email = {
        "BACKEND": "passwordless_otp.messaging.backends.email.EmailBackend",
        "OPTIONS": {"from_email": "a@b.c"},
    }
    settings.PASSWORDLESS_OTP = LIVE | {"DELIVERY": {"email": [email], "sms": [email]}}
    assert numbers() == []


UNSUPPORTED = """
import sys
from django.conf import settings
from django.db.backends.sqlite3 import base
from django.core.management import execute_from_command_line
from tests import settings as site

base.DatabaseWrapper.vendor = sys.argv[1]
site.DATABASES["default"] = {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[2]}
settings.configure(**{name: getattr(site, name) for name in dir(site) if name.isupper()})
import django
django.setup()
execute_from_command_line(["manage.py", "migrate", "--verbosity=0"])
"""


@pytest.mark.slow
def test_unsupported_database_stops_migrate_before_the_first_table(tmp_path):
    def tables(vendor):
        path = tmp_path / vendor
        command = [sys.executable, "-c", UNSUPPORTED, vendor, str(path)]
        process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
        with closing(sqlite3.connect(path)) as database:
            made = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        return process.stderr, made

    said, made = tables("mysql")
    assert "passwordless_otp.E016" in said
    assert "PostgreSQL" in said
    assert made == 0
    assert tables("sqlite")[1] > 20


class TestUserModel:
    """Can create_user save one?"""

    @pytest.fixture
    def model(self, monkeypatch):
        with isolate_apps("tests"):

            class Boss(models.Model):
                class Meta:
                    app_label = "tests"

            class Person(AbstractBaseUser):
                login = models.CharField(max_length=9, unique=True)
                email = models.EmailField(unique=True)
                first_name = models.CharField(max_length=9)
                note = models.TextField(blank=True)
                made = models.DateTimeField(auto_now_add=True)
                plan = models.CharField(max_length=9, default="free")
                count = models.IntegerField(db_default=7)
                parent = models.ForeignKey(Boss, models.CASCADE, null=True)
                USERNAME_FIELD = "login"

                class Meta:
                    app_label = "tests"

            class Demanding(Person):
                born = models.DateField()
                boss = models.ForeignKey(Boss, models.CASCADE, related_name="+")
                team = models.CharField(max_length=9)
                badge = models.CharField(max_length=9, blank=True, unique=True)
                agreed = models.BooleanField()

                class Meta:
                    app_label = "tests"

        def use(name):
            chosen = {"Person": Person, "Demanding": Demanding}[name]
            for place in ["passwordless_otp.users", "passwordless_otp.checks.users"]:
                monkeypatch.setattr(f"{place}.get_user_model", lambda: chosen)
            monkeypatch.setattr("passwordless_otp.checks.users._check_user_page", list)

        return use

    def test_user_model_that_create_user_can_fill_passes(self, model):
        model("Person")
        assert found() == []

    def test_fields_that_create_user_leaves_empty_are_named(self, model):
        model("Demanding")
        [(number, text)] = found()
        assert number == "W005"
        assert ": born, boss, team, badge, agreed." in text

    def test_custom_create_user_is_trusted(self, model, settings):
        model("Demanding")
        settings.PASSWORDLESS_OTP = LIVE | {"CREATE_USER": "tests.hooks.create_fixed"}
        assert found() == []


class TestUserPage:
    """Are the identifiers on it?"""

    @pytest.fixture
    def page(self, monkeypatch):
        page = admin.site.get_model_admin(get_user_model())
        monkeypatch.setattr(page, "inlines", [])
        return page

    @pytest.fixture
    def first(self, monkeypatch):
        configs = sorted(apps.get_app_configs(), key=lambda config: config.label != "passwordless_otp")
        monkeypatch.setattr(apps, "get_app_configs", lambda: configs)

    def test_app_before_user_model_gets_a_warning(self, page, first):
        [(number, text)] = found()
        assert number == "W006"
        assert "'django.contrib.auth'" in text

    def test_app_before_user_model_passes_with_inline(self, page, first):
        page.inlines = [IdentifierInline]
        assert found() == []

    def test_app_after_user_model_passes(self, page):
        assert numbers() == []

    def test_site_without_user_page_passes(self, page, first, monkeypatch):
        monkeypatch.delitem(admin.site._registry, get_user_model())
        assert found() == []


@pytest.mark.parametrize("app", ["django_otp", "two_factor", "allauth.mfa"])
def test_app_with_second_factors_and_no_step_before_the_login_is_a_warning(settings, monkeypatch, app):
    installed = apps.is_installed
    monkeypatch.setattr(apps, "is_installed", lambda name: name == app or installed(name))
    [(number, text)] = found()
    assert number == "W020"
    assert app in text
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "BEFORE_LOGIN": "tests.second_step.step"}
    assert found() == []
