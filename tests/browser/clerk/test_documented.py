"""The scripts in docs/migrating.md, as somebody would have copied them."""

import pytest

from tests.browser.clerk import visits
from tests.browser.clerk.test_components import assert_signed_in, give, type_code
from tests.docs.blocks import ROOT, blocks
from tests.visitor import EMAIL

pytestmark = pytest.mark.browser
BEFORE_V6, V6 = [block.text for block in blocks(ROOT / "docs/migrating.md", "js")]


def test_the_scripts_of_the_documentation_show_the_component(visit, version, static):
    visits.member(EMAIL)
    (static / "sign-in.js").write_text(V6 if version == "v6" else BEFORE_V6)
    page = visit(f"/docs/{version}/")
    type_code(page, give(page, EMAIL))
    assert_signed_in(page, EMAIL)
