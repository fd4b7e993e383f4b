"""What docs/migrating.md says besides its tables, and its scripts, as somebody would have copied them."""

import pytest

from tests.browser.clerk import visits
from tests.browser.clerk.conftest import PICTURE
from tests.browser.clerk.test_components import assert_signed_in, give, type_code
from tests.docs.blocks import ROOT, blocks
from tests.visitor import EMAIL

pytestmark = [pytest.mark.browser, pytest.mark.slow]
BEFORE_V6, V6 = [block.text for block in blocks(ROOT / "docs/migrating.md", "js")]


def test_the_scripts_of_the_documentation_show_the_component(visit, version, static):
    visits.member(EMAIL)
    (static / "sign-in.js").write_text(V6 if version == "v6" else BEFORE_V6)
    page = visit(f"/docs/{version}/")
    type_code(page, give(page, EMAIL))
    assert_signed_in(page, EMAIL)


@pytest.mark.parametrize("version", ["v4"])
def test_the_components_of_v4_want_one_picture_and_that_is_noticed(mounted, strangers):
    visits.member(EMAIL)
    give(mounted("SignIn"), EMAIL)
    assert set(strangers) == {PICTURE}
