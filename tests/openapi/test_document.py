"""docs/openapi.yaml is what the code says, all of it, and is valid."""

import re

import pytest

from tests import needs
from tests.docs.blocks import ROOT
from tools.openapi.refusals import every

yaml = needs.package("yaml")
document = needs.package("tools.openapi.document")
validate = needs.package("openapi_spec_validator").validate

pytestmark = pytest.mark.slow
ROW = re.compile(r"^\| (\d{3}) \| `(\w+)` \|", re.M)


@pytest.fixture(scope="module")
def written():
    return yaml.safe_load(document.PATH.read_text())


def codes(node):
    """Return all codes of refusals that stand in a part of the document."""
    found = set(node["enum"]) if isinstance(node, dict) and isinstance(node.get("enum"), list) else set()
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else []:
        found |= codes(each)
    return found & {refusal.code for refusal in every()}


def test_the_file_is_what_the_code_says(written):
    assert written == document.build(), "run `python -m tools.openapi`"


def test_it_is_valid_openapi(written):
    assert written["openapi"].startswith("3.1")
    validate(written)


def test_what_is_not_valid_openapi_would_be_found(written):
    broken = {**written, "paths": {"/v1/me": {"get": {"responses": {"200": {}}}}}}
    with pytest.raises(Exception, match="description"):
        validate(broken)


def test_every_refusal_stands_at_some_call(written):
    assert codes(written) == {refusal.code for refusal in every()}


def test_the_page_for_people_has_the_same_refusals():
    table = set(ROW.findall((ROOT / "docs/api.md").read_text()))
    assert table == {(str(refusal.status), refusal.code) for refusal in every()}


def test_every_429_says_when_to_come_back(written):
    alone = written["components"]["responses"]
    calls = [call["responses"] for path in written["paths"].values() for call in path.values()]
    shown = [responses["429"] for responses in calls if "429" in responses]
    assert shown
    for response in shown:
        assert "Retry-After" in alone.get(response.get("$ref", "").rpartition("/")[2], response)["headers"]
