"""What Django tells the site's administrators about an exception in a page: never the code."""

import sys

import pytest
from django.test import RequestFactory
from django.views.debug import get_exception_reporter_class

from passwordless_otp.pages import navigation, sign_in, sign_up
from passwordless_otp.pages.forms import CodeForm
from tests.pages.conftest import EMAIL, SIGN_IN_VERIFY, SIGN_UP, SIGN_UP_VERIFY, newest_code

PLACES = [
    (sign_in.sign_in, "attempt"),
    (sign_up.sign_up, "attempt"),
    (navigation, "after_sign_in"),
    (CodeForm, "full_clean"),
]


def told():
    """What the report of the exception at hand shows of the pages and of all that they go through."""
    request = RequestFactory().get("/")
    reporter = get_exception_reporter_class(request)(request, *sys.exc_info(), is_email=True)
    frames = [frame for frame in reporter.get_traceback_frames() if "/tests/" not in frame["filename"]]
    of_tests = ["django/test/", "passwordless_otp/testing/"]
    within = [frame for frame in frames if not any(folder in frame["filename"] for folder in of_tests)]
    return str([(frame["function"], frame["vars"]) for frame in within])


@pytest.mark.parametrize("path", [SIGN_IN_VERIFY, SIGN_UP_VERIFY])
@pytest.mark.parametrize(("place", "name"), PLACES)
def test_an_exception_in_a_page_does_not_tell_the_code(visitor, make_user, monkeypatch, path, place, name):
    if path == SIGN_IN_VERIFY:
        make_user(EMAIL)
        visitor.ask()
    else:
        visitor.submit(SIGN_UP, {"email_address": EMAIL})
    code = newest_code()

    def fail(*args, **options):
        raise ZeroDivisionError

    for module in [sign_in.sign_in, sign_up.sign_up] if name == "attempt" else [place]:
        monkeypatch.setattr(module, name, fail)
    try:
        visitor.submit(path, {"code": code})
    except ZeroDivisionError:
        shown = told()
    assert "'post'" in shown
    assert code not in shown
