"""A parser takes exactly what its documentation names."""

import json

import pytest

from tests.limits.people import at, sent
from tests.pages.conftest import PageVisitor
from tests.visitor import errors, param

pytestmark = pytest.mark.usefixtures("site")
BODY = json.dumps({"identifier": "jane@example.com", "strategy": "email_code"})
OTHER_ENCODINGS = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "utf-8-sig"]


def post(body, content_type="application/json"):
    return at().http.generic("POST", "/auth/v1/client/sign_ins", body, content_type)


@pytest.mark.parametrize("encoding", OTHER_ENCODINGS)
def test_json_in_another_encoding_than_utf_8_is_refused(encoding):
    answer = post(BODY.encode(encoding))
    assert (answer.status_code, sent()) == (400, 0)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_declared_charset_changes_nothing(encoding):
    answer = post(BODY.encode(encoding), f"application/json; charset={encoding}")
    assert (answer.status_code, sent()) == (400, 0)


def test_json_in_utf_8_is_taken():
    assert post(BODY.encode()).status_code == 200
    name = json.dumps({"identifier": "ann@example.com", "unused": "Zoë 安"}, ensure_ascii=False)
    assert post(name.encode()).status_code == 200


DASHED = ["-x@example.com", "--x@example.com", "-x+tag@example.com", "-@example.com", "-oQ/tmp@example.com"]


@pytest.mark.parametrize("address", DASHED)
def test_address_that_begins_with_a_dash_is_refused(address):
    answer = at().sign_up(email_address=address, strategy="email_code")
    assert (errors(answer), param(answer)) == (["form_param_format_invalid"], "email_address")
    assert errors(at().sign_in(address)) == ["form_param_format_invalid"]
    assert PageVisitor().sign_in(address).status_code == 422
    assert sent() == 0


@pytest.mark.parametrize("address", ["x-@example.com", "x-y@example.com", "x--y@my-shop.example.com"])
def test_dash_elsewhere_is_taken(address):
    assert at().sign_up(email_address=address, strategy="email_code").status_code == 200
