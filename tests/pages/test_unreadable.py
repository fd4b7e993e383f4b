"""What can't be read gets a page of ours, before anybody asks for a token."""

import pytest

from passwordless_otp.models import Flow
from tests.pages.conftest import SIGN_IN, SIGN_IN_VERIFY, SIGN_OUT, SIGN_UP, SIGN_UP_VERIFY, text_of

PATHS = [SIGN_IN, SIGN_IN_VERIFY, SIGN_UP, SIGN_UP_VERIFY, SIGN_OUT]
MULTIPART = "multipart/form-data; boundary=x"
FORM = "application/x-www-form-urlencoded"


def parts(count, disposition="form-data; name=f; filename=a"):
    part = f"--x\r\nContent-Disposition: {disposition}\r\n\r\n\r\n"
    return (part * count + "--x--\r\n").encode()


def sealed(answer):
    return answer["Cache-Control"] == "no-store" and "otp-card" in text_of(answer)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        (MULTIPART, parts(101), 413),
        (MULTIPART, parts(1001, "form-data; name=f"), 413),
        (FORM, b"&".join([b"a=1"] * 1001), 413),
        (FORM, b"a=" + b"x" * 100_000, 413),
        ("multipart/form-data", b"x", 400),
        ("multipart/form-data; boundary=", b"x", 400),
        (f"{MULTIPART}; charset=utf-16", b"x", 400),
        (FORM, "identifier=José".encode("latin-1"), 400),
        (FORM, "identifier=x".encode("utf-8-sig"), 400),
        (FORM, "identifier=x".encode("utf-16"), 400),
        (FORM, b"identifier=Jos%E9", 400),
    ],
)
def test_a_body_that_cannot_be_read_gets_a_page_of_ours(visitor, path, kind, body, status):
    answer = visitor.generic("POST", f"{path}?next=/there/", body, kind)
    assert answer.status_code == status
    assert sealed(answer)
    assert "next=%2Fthere%2F" in text_of(answer)


def test_part_that_is_not_utf_8_is_refused(visitor, configure):
    configure(first_name="required")
    names = {"email_address": "a@example.com", "first_name": "José"}
    body = "".join(f'--x\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in names.items())
    visitor.cookies["csrftoken"] = "t" * 32
    headers = {"X-CSRFToken": "t" * 32}
    for encoding, status in [("latin-1", 422), ("utf-8", 303)]:
        answer = visitor.generic(
            "POST", SIGN_UP, (body + "--x--\r\n").encode(encoding), MULTIPART, headers=headers
        )
        assert answer.status_code == status
        assert Flow.objects.exists() == (status == 303)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_query_that_cannot_be_read_does_too(visitor, path, method):
    answer = getattr(visitor, method)(f"{path}?{'&'.join(['a=1'] * 1001)}")
    assert answer.status_code == 413
    assert sealed(answer)


@pytest.mark.parametrize("path", PATHS)
def test_a_host_that_is_not_ours_is_still_djangos_to_refuse(visitor, path):
    answer = visitor.generic("POST", path, parts(101), MULTIPART, headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert "otp-card" not in text_of(answer)
