"""Whatever comes in, it is answered: never with a 500, and never with a message to a second recipient."""

from urllib.parse import urlencode

import pytest

from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Flow
from tests.pages.conftest import (
    EMAIL,
    SIGN_IN,
    SIGN_IN_VERIFY,
    SIGN_OUT,
    SIGN_UP,
    SIGN_UP_VERIFY,
    newest_code,
    text_of,
)

PATHS = [SIGN_IN, SIGN_IN_VERIFY, SIGN_UP, SIGN_UP_VERIFY, SIGN_OUT]
TEXTS = [
    "\x00",
    "jane@example.com\x00",
    "jane@example.com\r\nBcc: eve@example.com",
    "\ud800",
    "\u202ejane",
    "٣" * 500,
    "x" * 60_000,
    "<script>alert(1)</script>",
    "{{ settings.SECRET_KEY }}",
]
FIELDS = ["identifier", "email_address", "phone_number", "username", "code", "send", "new", "next", "unknown"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("text", TEXTS)
def test_no_text_breaks_a_page(visitor, both, configure, path, text):
    configure(username="optional", first_name="optional")
    visitor.ask()
    visitor.submit(SIGN_UP, {"email_address": EMAIL})
    count = len(memory.sent)
    sent = text.encode("utf-8", "surrogatepass")
    for field in FIELDS:
        body = {field: sent, "csrfmiddlewaretoken": "t" * 32}
        answer = visitor.post(path, urlencode(body), content_type="application/x-www-form-urlencoded")
        assert answer.status_code in {200, 303, 400, 413, 422}
        assert b"<script>" not in answer.content
    assert visitor.get(path, dict.fromkeys(FIELDS, sent)).status_code in {200, 303}
    assert len(memory.sent) == count


@pytest.mark.parametrize("text", ["jane@example.com\r\nBcc: eve@example.com", "jane\x07@example.com", "a\x00"])
def test_control_characters_are_said_at_the_field(visitor, text):
    page = visitor.ask(text)
    assert page.status_code == 422
    assert 'id="id_identifier_error"' in text_of(page)


@pytest.mark.parametrize("encoding", ["utf-7", "utf-16", "latin-1"])
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_another_encoding_than_ours_is_refused(client, encoding, kind):
    answer = client.generic("POST", SIGN_IN + "?next=+2AA-", b"identifier=+2AA-", f"{kind}; charset={encoding}")
    assert answer.status_code == 400
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "no-such-thing"])
def test_our_own_encoding_is_read_also_where_it_is_named(client, encoding):
    kind = f"application/x-www-form-urlencoded; charset={encoding}"
    assert client.generic("POST", SIGN_IN, f"identifier={EMAIL}", kind).status_code in {303, 400}


@pytest.mark.parametrize("field", ["identifier", "code"])
def test_a_field_that_comes_twice_is_refused(visitor, field):
    path = SIGN_IN if field == "identifier" else SIGN_IN_VERIFY
    visitor.ask()
    good = EMAIL if field == "identifier" else newest_code()
    flows, count = Flow.objects.count(), len(memory.sent)
    answer = visitor.submit(path, {field: [good, "eve@example.com"]})
    assert answer.status_code == 422
    assert "Check what you typed" in text_of(answer)
    assert (Flow.objects.count(), len(memory.sent)) == (flows, count)
    assert not visitor.user_id


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("size", [100_000, 10_000_000])
def test_what_is_too_large_is_not_read(client, path, size):
    answer = client.post(path, {"identifier": "x" * size})
    assert answer.status_code == 413
    assert "The request is too large." in text_of(answer)


@pytest.mark.parametrize("size", [100_000, 10_000_000])
def test_nor_with_the_token_asked_for_first(visitor, size):
    assert visitor.submit(SIGN_IN, {"identifier": "x" * size}).status_code in {400, 413}


@pytest.mark.parametrize("path", PATHS)
def test_a_body_of_another_kind_is_an_empty_form(client, path):
    for kind in ["application/json", "text/plain", "multipart/form-data; boundary=x", "", "nonsense"]:
        assert client.post(path, b'{"identifier": ["a"]', content_type=kind).status_code < 500


@pytest.mark.parametrize("path", PATHS)
def test_other_methods_are_refused(client, path):
    for method in ["put", "patch", "delete", "trace"]:
        assert getattr(client, method)(path).status_code == 405
    assert client.head(path).status_code in {200, 303}
    assert client.options(path).status_code == 200


def test_a_cookie_that_was_made_up_is_never_adopted(visitor):
    visitor.cookies["otp_client"] = "made up"
    visitor.ask()
    assert visitor.cookies["otp_client"].value != "made up"


def test_fields_that_nobody_asked_for_are_ignored(visitor):
    answer = visitor.ask(strategy="phone_code", is_staff="1", user="1", status="complete")
    assert answer.status_code == 303
