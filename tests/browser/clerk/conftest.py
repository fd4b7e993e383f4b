"""A page with clerk-js in it, on a site of ours. Nothing is fetched from elsewhere."""

from urllib.parse import urlsplit

import pytest

from tests.browser.clerk import scripts, shop

LOOPBACK = "127.0.0.1"


@pytest.fixture(params=scripts.CLERK_JS)
def version(request):
    """Each version of clerk-js, one after the other."""
    return request.param


@pytest.fixture
def origin(site, settings):
    """The address of a site that serves these scripts beside its own pages."""
    settings.ROOT_URLCONF = shop.__name__
    settings.LOGIN_REDIRECT_URL = "/account/"
    url = site.replace("localhost", LOOPBACK)
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "PUBLIC_URL": url}
    return url


@pytest.fixture
def strangers():
    """What the pages wanted from other hosts."""
    return []


@pytest.fixture
def visit(origin, new_page, strangers):
    """Return a function that opens a page of the site; a request to any other host fails the test."""

    def open_page(path):
        page = new_page(javascript=True)
        page.context.route(lambda url: urlsplit(url).hostname != LOOPBACK, lambda route: refuse(route, strangers))
        page.goto(f"{origin}{path}")
        return page

    yield open_page
    assert strangers == []


def refuse(route, strangers):
    """Let nothing out, and remember what wanted to."""
    strangers.append(route.request.url)
    route.fulfill(status=404)
