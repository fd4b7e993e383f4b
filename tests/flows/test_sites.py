"""What sites do differently, and must not matter."""

import os
import subprocess
import sys

import pytest
from django.contrib.sessions.backends import cache
from django.urls import clear_script_prefix, set_script_prefix

from passwordless_otp.errors import OTPError
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Message
from tests.docs.blocks import ROOT
from tests.messaging.test_thread_pool import drain
from tests.visitor import EMAIL, ApiVisitor, errors, newest_code, operate, param

pytestmark = pytest.mark.django_db


class TooYoung(OTPError):
    code = "too_young"
    status = 403
    long_message = "Come back later."


def refuse(**given):
    raise TooYoung


def test_a_hook_may_refuse_and_the_code_stays_good(settings):
    given = settings.PASSWORDLESS_OTP
    settings.PASSWORDLESS_OTP = {**given, "CREATE_USER": "tests.flows.test_sites.refuse"}
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    answer = visitor.attempt(newest_code())
    assert (answer.status_code, errors(answer)) == (403, ["too_young"])
    settings.PASSWORDLESS_OTP = given
    assert visitor.attempt(newest_code()).status_code == 200


def test_names_are_those_that_the_user_model_takes(monkeypatch):
    from django.contrib.auth import get_user_model
    from django.core.validators import MaxLengthValidator

    operate(first_name="optional")
    field = get_user_model()._meta.get_field("first_name")
    monkeypatch.setattr(field, "_validators", [MaxLengthValidator(5)])
    field.__dict__.pop("validators", None)
    answer = ApiVisitor().sign_up(email_address=EMAIL, first_name="Penelope")
    field.__dict__.pop("validators", None)
    assert (errors(answer), param(answer)) == (["form_param_format_invalid"], "first_name")


class SessionStore(cache.SessionStore):
    """Sessions whose store is down, once something is to be written."""

    def save(self, must_create=False):
        raise ConnectionError

    create = delete = save


def test_a_session_store_that_is_down_is_503_and_nobody_is_signed_in(settings):
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    settings.SESSION_ENGINE = "tests.flows.test_sites"
    answer = visitor.twin().attempt(newest_code())
    assert (answer.status_code, errors(answer)) == (503, ["service_unavailable"])
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    assert visitor.signed_in is None


@pytest.mark.django_db(transaction=True)
def test_a_thread_links_where_the_site_is_mounted_and_speaks_as_the_visitor_did(settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "thread"}
    set_script_prefix("/shop/")
    try:
        visitor = ApiVisitor(**{"Accept-Language": "fr"})
        visitor.http.generic(
            "POST",
            "/auth/v1/client/sign_ins",
            b'{"identifier": "nobody@example.com", "strategy": "email_code"}',
            "application/json",
            SCRIPT_NAME="/shop",
        )
    finally:
        clear_script_prefix()
        drain()
    assert Message.objects.get().language == "fr"
    assert "https://example.com/shop/auth/sign-up/" in memory.sent[0].text


def test_platform_without_fork_can_load_messaging():
    loads = "import os, importlib, django; django.setup()"
    anew = "del os.register_at_fork; importlib.reload(routes); importlib.reload(thread_pool)"
    script = f"{loads}; from passwordless_otp.messaging import routes, thread_pool; {anew}"
    given = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=given, timeout=60, check=True)
