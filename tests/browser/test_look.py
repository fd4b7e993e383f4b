"""The look that docs/pages.md shows: three custom properties make the pages look like a site's own.

With MAKE_IMAGES set, the pictures of that page are made anew.
"""

import os

import pytest

from tests.browser.conftest import configure, follow
from tests.docs.blocks import ROOT, blocks

pytestmark = [pytest.mark.browser, pytest.mark.slow]

IMAGES = ROOT / "docs" / "images"
[CSS] = [block.text for block in blocks(ROOT / "docs" / "pages.md", "css")]


def look(page, site, name, css=""):
    """The button's colour, corners and the page's font, as the page of a code shows them."""
    configure(application_name="Willow Books")
    page.goto(f"{site}/auth/sign-in/")
    page.fill("input[name=identifier]", "jane@example.com")
    follow(page.locator("form button[type=submit]"))
    if css:
        page.route("**/site.css", lambda route: route.fulfill(body=css, content_type="text/css"))
        page.evaluate(
            """() => new Promise((done) => {
                const link = document.createElement("link");
                Object.assign(link, {rel: "stylesheet", href: "/site.css", onload: done});
                document.head.append(link);
            })"""
        )
    if os.environ.get("MAKE_IMAGES"):
        IMAGES.mkdir(exist_ok=True)
        page.screenshot(path=IMAGES / name)
    return page.evaluate(
        """() => {
            const style = getComputedStyle(document.querySelector(".otp-primary"));
            return [style.backgroundColor, style.borderRadius, getComputedStyle(document.body).fontFamily];
        }"""
    )


def test_three_custom_properties_change_the_look_as_the_docs_show(new_page, site):
    page = new_page(javascript=True, viewport={"width": 480, "height": 560}, reduced_motion="reduce")
    plain = look(page, site, "code.png")
    own = look(page, site, "code-own.png", CSS)
    assert own == ["rgb(138, 28, 74)", "0px", "Georgia, serif"]
    assert not set(plain) & set(own)
    assert {"code.png", "code-own.png"} <= {path.name for path in IMAGES.iterdir()}
