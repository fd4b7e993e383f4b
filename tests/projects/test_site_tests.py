"""A site's own tests, by Django's runner and by pytest, which finds the fixtures in the installed wheel."""

from tests.projects import harness

DJANGO = """
import re
from django.core import mail
from django.test import TestCase

class TestSignIn(TestCase):
    def test_code_is_in_the_outbox(self):
        self.client.post("/auth/sign-up/", {"email_address": "jane@example.com"})
        code = re.search(r"[0-9]{6}", mail.outbox[-1].subject)[0]
        self.client.post("/auth/sign-up/verify/", {"code": code})
        self.assertContains(self.client.get("/who/"), "jane@example.com")
"""
PYTEST = """
import pytest

def test_client_is_signed_in(sign_in_by_code):
    assert sign_in_by_code("jane@example.com").get("/who/").content.endswith(b" jane@example.com")

@pytest.mark.django_db(transaction=True)
def test_limit_is_named(sign_in_by_code):
    with pytest.raises(AssertionError, match="identifier_emails"):
        for _ in range(4):
            sign_in_by_code("jane@example.com")

def test_limits_are_off(sign_in_by_code, no_rate_limits):
    for _ in range(4):
        sign_in_by_code("jane@example.com")
"""
OTHER = """
import sys

def test_other():
    assert "passwordless_otp.testing.pytest_plugin" in sys.modules
    assert not {"django", "passwordless_otp.conf"} & set(sys.modules)
"""


def test_sites_tests_read_codes_with_the_default_settings(project):
    defaults = 'INSTALLED_APPS += ["passwordless_otp"]\nPASSWORDLESS_OTP = {"PUBLIC_URL": "https://example.com"}'
    site = project("tested", settings=defaults + harness.NO_MIGRATIONS)
    site.write("tests.py", DJANGO)
    assert "Ran 1 test" in site.manage("test", "-v", "1")
    site.write("test_codes.py", PYTEST)
    site.write("pytest.ini", "[pytest]\nDJANGO_SETTINGS_MODULE = mysite.settings\nfilterwarnings = error\n")
    usual = ["-m", "pytest", "-q", "-p", "no:cacheprovider"]
    assert "4 passed" in site.python(*usual, "test_codes.py", "tests.py")
    listed = site.python(*usual, "--fixtures")
    for name in ["otp_messages", "sign_in_by_code", "no_rate_limits", "expire_codes"]:
        assert f"{name} -- " in listed


def test_project_that_does_not_use_the_app_imports_nothing_of_it(project):
    site = project("other", settings="", urls="")
    site.write("test_other.py", OTHER)
    assert "1 passed" in site.python(
        "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "-p", "no:django"
    )
