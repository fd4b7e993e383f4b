"""A real browser, before a server of our own."""

import os
import shutil
from pathlib import Path

import pytest

from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import InstanceSettings, settings_cache
from tests import needs

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SCREENSHOTS = Path(__file__).parents[2] / "screenshots"


@pytest.fixture(scope="package")
def chromium():
    """One browser for all tests: better the one that never has a window, which takes half of the time."""
    sync_playwright = needs.package("playwright.sync_api").sync_playwright
    path = shutil.which("chromium-headless-shell") or needs.program("chromium")
    # Playwright's loop runs in this thread, and Django refuses the database to a thread with a loop.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def site(chromium, live_server, transactional_db):
    """The address of a site on which both strategies are on."""
    configure(phone_number_enabled=True, phone_number_used_for_identification=True, phone_code=True)
    return live_server.url


@pytest.fixture
def new_page(chromium):
    """Make pages of browsers of their own; whatever one of them complains about fails the test."""
    contexts, complaints = [], []

    def make(javascript=False, **options):
        context = chromium.new_context(java_script_enabled=javascript, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if _bad(message) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda request: complaints.append(request.url) if _lost(request) else None)
        return page

    yield make
    for context in contexts:
        context.close()
    assert not complaints


def configure(**changes):
    """Save instance settings, which the server's thread reads afresh."""
    settings = InstanceSettings.objects.filter(pk=1).first() or InstanceSettings()
    for name, value in changes.items():
        setattr(settings, name, value)
    settings.save()
    settings_cache.clear()


def follow(locator):
    """Click what leads to another page, and wait until that page has loaded."""
    with locator.page.expect_navigation():
        locator.click()


def axe():
    """Return what looks for barriers on a page."""
    return needs.package("axe_playwright_python.sync_playwright").Axe()


def newest_code():
    """Return the code in the newest message."""
    return memory.sent[-1].code


def _bad(message):
    """Tell an error from what the browser says of every answer that is a refusal, on purpose."""
    refusal = message.text.startswith("Failed to load resource") and "favicon" not in message.text
    expected = refusal and any(
        f"status of {status}" in message.text for status in [400, 401, 403, 404, 409, 422, 429]
    )
    return message.type in {"error", "warning"} and not expected


def _lost(request):
    """Tell a file that could not be had from one that nobody waited for."""
    return request.failure != "net::ERR_ABORTED"
