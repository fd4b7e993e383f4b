"""The bot check of docs/bot-check.md, against a local server in place of Cloudflare's."""

import json
from urllib.parse import parse_qs

import pytest

from passwordless_otp.testing import HTTPProvider
from tests.docs import site
from tests.docs.blocks import ROOT, blocks
from tests.pages.conftest import SIGN_IN, SIGN_IN_VERIFY, SIGN_UP, PageVisitor, text_of
from tests.visitor import EMAIL, ApiVisitor, errors

pytestmark = pytest.mark.django_db
PAGE = ROOT / "docs/bot-check.md"
TOKEN = {"cf-turnstile-response": "token-1"}


@pytest.fixture
def siteverify():
    with HTTPProvider() as provider:
        yield provider


@pytest.fixture
def example(settings, monkeypatch, siteverify):
    tested = settings.PASSWORDLESS_OTP
    module = site.run(PAGE, settings, monkeypatch)
    assert module.SITEVERIFY.startswith("https://challenges.cloudflare.com/")
    module.SITEVERIFY, module.SECRET = siteverify.url, "secret-1"
    ours = {name: settings.PASSWORDLESS_OTP[name] for name in ["BOT_CHECK", "CONTENT_SECURITY_POLICY"]}
    settings.PASSWORDLESS_OTP = {**tested, **ours}
    return module


def says(siteverify, **verdict):
    siteverify.answers(200, json.dumps({"hostname": "example.com", **verdict}))


def ask(**more):
    return ApiVisitor().sign_in(EMAIL, "email_code", **more)


def test_valid_token_passes_after_cloudflare_is_asked(example, siteverify):
    says(siteverify, success=True)
    assert ask(**TOKEN).status_code == 200
    [asked] = siteverify.requests
    assert parse_qs(asked.body.decode()) == {"secret": ["secret-1"], "response": ["token-1"]}


@pytest.mark.parametrize(
    "verdict", [{"success": False}, {"success": "true"}, {"success": True, "hostname": "elsewhere.example"}, {}]
)
def test_any_other_verdict_is_refused(example, siteverify, verdict):
    says(siteverify, **verdict)
    assert errors(ask(**TOKEN)) == ["captcha_invalid"]
    assert len(siteverify.requests) == 1


@pytest.mark.parametrize("token", [{}, {"cf-turnstile-response": "x" * 2049}])
def test_invalid_token_is_refused_without_asking_cloudflare(example, siteverify, token):
    says(siteverify, success=True)
    assert errors(ask(**token)) == ["captcha_invalid"]
    assert siteverify.requests == []


@pytest.mark.parametrize("trouble", ["stops", "breaks_off", "hangs"])
def test_nobody_passes_while_cloudflare_is_down(example, siteverify, monkeypatch, trouble):
    opened = example.urlopen
    monkeypatch.setattr(example, "urlopen", lambda url, body, timeout: opened(url, body, timeout=timeout / 10))
    getattr(siteverify, trouble)()
    assert errors(ask(**TOKEN)) == ["captcha_invalid"]


def test_every_form_that_sends_a_message_has_the_widget(example, siteverify, settings, tmp_path):
    folder = tmp_path / "passwordless_otp"
    folder.mkdir()
    [widget] = blocks(PAGE, "html")
    (folder / "_bot_check.html").write_text(widget.text)
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    says(siteverify, success=True)
    visitor = PageVisitor()
    shown = [visitor.get(SIGN_IN), visitor.get(SIGN_UP)]
    assert visitor.submit(SIGN_IN, {"identifier": EMAIL, **TOKEN}).status_code == 303
    for page in [*shown, visitor.get(SIGN_IN_VERIFY)]:
        within = [form.partition("</form>")[0] for form in text_of(page).split("<form")[1:]]
        sending = [form for form in within if 'name="code"' not in form]
        assert sending
        assert all('class="cf-turnstile"' in form for form in sending)
        assert "script-src https://challenges.cloudflare.com" in page["Content-Security-Policy"]
