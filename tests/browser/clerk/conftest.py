"""A page with clerk-js in it, on a site of ours. Nothing is fetched from elsewhere."""

from urllib.parse import urlsplit

import pytest

from tests.browser.clerk import scripts, shop, visits

LOOPBACK = "127.0.0.1"
# The components of v4 show a picture of nobody, which they ask of their makers. They do without it.
PICTURE = "https://img.clerk.com/static/avatar_placeholder.jpeg?width=80"
WANTED = {"v4": {PICTURE}}


@pytest.fixture(params=scripts.CLERK_JS)
def version(request):
    """Each version of clerk-js, one after the other."""
    return request.param


@pytest.fixture
def static(version, settings, tmp_path):
    """A folder for scripts of a site, which has those of clerk-js in folders of their own."""
    settings.STATICFILES_DIRS = [("clerk-js", scripts.scripts(version)), tmp_path]
    if version == "v6":
        settings.STATICFILES_DIRS += [("clerk-ui", scripts.components())]
    return tmp_path


@pytest.fixture
def origin(static, site, settings):
    """The address of the site."""
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
def visit(origin, new_page, version, strangers):
    """Return a function that opens a page of the site; a request to any other host fails the test."""

    def open_page(path):
        page = new_page(javascript=True)
        page.context.route(is_elsewhere, lambda route: refuse(route, strangers))
        page.goto(f"{origin}{path}")
        return page

    yield open_page
    assert set(strangers) <= WANTED.get(version, set())


@pytest.fixture
def mounted(visit, version):
    """Return a function that shows a component on a page."""

    def mount(name, **options):
        page = visit(f"/page/{version}/")
        page.evaluate(visits.MOUNT, [name, options])
        return page

    return mount


def is_elsewhere(url):
    """Tell whether this is another host's."""
    return urlsplit(url).hostname != LOOPBACK


def refuse(route, strangers):
    """Let nothing out, and remember what wanted to."""
    strangers.append(route.request.url)
    route.fulfill(status=404)
