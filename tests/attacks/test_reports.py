"""What Django tells the site's administrators about an exception: never the code."""

import re
import sys

import pytest
from django.test import RequestFactory
from django.utils import timezone
from django.views.debug import get_exception_reporter_class

from passwordless_otp.flows import check_code
from passwordless_otp.models import TestAddress, Verification
from tests import needs
from tests.docs.blocks import ROOT
from tests.visitor import EMAIL, ApiVisitor, joined, newest_code, operate, started

pytestmark = pytest.mark.django_db


def told():
    """What the report of the exception at hand shows of our functions, and of all that they go through."""
    request = RequestFactory().get("/")
    reporter = get_exception_reporter_class(request)(request, *sys.exc_info(), is_email=True)
    frames = [
        f
        for f in reporter.get_traceback_frames()
        if "/tests/" not in f["filename"] and "/testing/" not in f["filename"]
    ]
    within = [f for f in frames if "django/test/" not in f["filename"]]
    assert any("passwordless_otp/flows" in f["filename"] for f in within)
    return str([f["vars"] for f in within])


@pytest.mark.parametrize("purpose", ["sign_in", "sign_up"])
@pytest.mark.parametrize("form", [False, True])
@pytest.mark.parametrize(("owner", "where"), [(check_code.codes, "match"), (Verification, "judge")])
def test_an_exception_in_the_middle_of_an_attempt_does_not_tell_the_code(
    monkeypatch, purpose, form, owner, where
):
    joined()
    visitor = ApiVisitor()
    given = {"identifier": EMAIL} if purpose == "sign_in" else {"email_address": "b@example.com"}
    visitor.create(purpose, strategy="email_code", **given)
    code = newest_code()

    def fail(*args, **options):
        raise ZeroDivisionError

    monkeypatch.setattr(owner, where, fail)
    step = "first_factor" if purpose == "sign_in" else "verification"
    path = f"client/{purpose}s/{visitor.flow}/attempt_{step}"
    try:
        visitor.post(path, form=form, strategy="email_code", code=code)
    except ZeroDivisionError:
        shown = told()
    assert code not in shown


def test_nor_does_one_at_a_test_identifier(monkeypatch):
    joined()
    operate(test_mode=True)
    TestAddress.objects.create(identifier=EMAIL, code="424242", until=timezone.localdate())
    visitor = started()

    def fail(*args):
        raise ZeroDivisionError

    monkeypatch.setattr(check_code.codes, "match", fail)
    shown = ""
    try:
        visitor.attempt("424242")
    except ZeroDivisionError:
        shown = told()
    assert shown
    assert "424242" not in shown


@pytest.mark.slow
@pytest.mark.parametrize("documented", [True, False])
def test_error_reporter_removes_the_code_as_the_page_on_security_says(documented):
    scrubber = needs.package("sentry_sdk.scrubber")
    [said] = re.findall(r"`(EventScrubber\(.+?\))`", (ROOT / "docs/security.md").read_text())
    event = {"request": {"data": {"strategy": "email_code", "code": "424242"}}}
    chosen = eval(said if documented else "EventScrubber()", vars(scrubber))  # the control has its own list
    chosen.scrub_event(event)
    assert ("424242" in str(event)) != documented
