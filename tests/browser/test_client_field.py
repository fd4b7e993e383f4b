"""What otp-field.js adds to the code step. That nothing depends on it, test_flows.py shows."""

import json
import sys
import unicodedata
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from passwordless_otp import codes
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Identifier, Verification
from tests import needs
from tests.browser.conftest import follow, newest_code
from tests.docs.blocks import ROOT
from tests.js.packages import run

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FIELD = ROOT / "passwordless_otp/static/passwordless_otp/otp-field.js"
# What is pasted, and whether the code 123456 is then sent by itself.
SPELLINGS = {
    "123456": True,
    "123 456": True,
    "123-456": True,
    "123–456": True,
    " 1 2 3 4 5 6 ": True,
    "123\u00a0456": True,
    "１２３４５６": True,
    "١٢٣٤٥٦": True,
    "१२३४५६": True,
    "𝟏𝟐𝟑𝟒𝟓𝟔": True,
    "your code is 123456": True,
    "123456 is your sign-in code for Shop.\n\n@example.com #": True,
    "12345": False,
    "1234567": False,
    "123456 or 654321": False,
    "12345O": False,
    "": False,
    "your code": False,
}
BASE32 = {
    "ABCDEFG234567": True,
    "abcdefg234567": True,
    "ABCD-EFG2-34567": True,
    "abcd efg2 3456 7": True,
    "ＡＢＣＤＥＦＧ234567": True,
    "ABCDEFG23456": False,
    "ABCDEFG234561": False,
    "code: ABCDEFG234567": False,
}


@pytest.fixture
def page(site, new_page):
    """A browser that waits for a code by email."""
    page = new_page(javascript=True)
    begin(page, site, "jane@example.com")
    return page


def begin(page, site, identifier):
    """Ask for a code for somebody who has an account."""
    kind = "phone_number" if identifier.startswith("+") else "email_address"
    user = get_user_model().objects.get_or_create(username="jane")[0]
    Identifier.objects.get_or_create(user=user, kind=kind, value=identifier)
    page.goto(f"{site}/auth/sign-in/?next=/")
    page.get_by_label("Email address or phone number").fill(identifier)
    follow(page.get_by_role("button", name="Continue"))


def posts_of(page):
    """Collect what is posted from now on."""
    seen = []
    page.on("request", lambda request: seen.append(request.post_data) if request.method == "POST" else None)
    return seen


PASTE = """([field, text]) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  const event = new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
  if (field.dispatchEvent(event)) document.execCommand("insertText", false, text);
}"""


def paste(page, text):
    field = page.get_by_label("Code")
    field.focus()
    page.evaluate(PASTE, [field.element_handle(), text])


def retell(page, length, alphabet):
    """Let the page say what another code looks like before its script runs, and only note what would be sent."""
    page.add_init_script(
        f"""document.addEventListener("readystatechange", () => {{
          const form = document.querySelector("form[data-otp-length]");
          if (form) Object.assign(form.dataset, {{otpLength: {length}, otpAlphabet: "{alphabet}"}});
          document.addEventListener("submit", (event) => {{
            if (event.defaultPrevented) return;
            event.preventDefault();
            window.sent = (window.sent || []).concat(new FormData(event.target).get("code"));
          }});
        }}, {{once: true}})"""
    )
    page.reload()


def test_a_pasted_code_is_sent_whatever_it_is_spelled_like_and_no_other_text(page):
    retell(page, 6, "digits")
    for text, whole in SPELLINGS.items():
        page.reload()
        paste(page, text)
        assert page.evaluate("window.sent || []") == (["123456"] if whole else []), text
        assert codes.normalise(text) == ("123456" if whole else ""), text


def test_a_grown_code_of_letters_is_sent_in_capitals(page):
    retell(page, 13, "base32")
    for text, whole in BASE32.items():
        page.reload()
        paste(page, text)
        assert page.evaluate("window.sent || []") == (["ABCDEFG234567"] if whole else []), text
        assert codes.normalise(text, 13, codes.BASE32) == ("ABCDEFG234567" if whole else ""), text


def test_what_was_in_the_field_gives_way_to_the_code_that_is_pasted(page):
    retell(page, 6, "digits")
    page.get_by_label("Code").fill("98")
    paste(page, "your code is 123456")
    assert page.evaluate("window.sent") == ["123456"]
    assert page.get_by_label("Code").input_value() == "123456"


def test_digits_of_all_scripts_are_read_as_the_server_reads_them():
    source = FIELD.read_text()
    functions = source[source.index("  function normalise") : source.index("  /** Send a form once")]
    constants = "const LONGEST = 500; const ALPHABETS = {digits: /^[0-9]+$/, base32: /^[A-Z2-7]+$/};"
    points = [point for point in range(sys.maxunicode) if unicodedata.category(chr(point)) in {"Nd", "Pd", "Zs"}]
    texts = [f"12{chr(point)}{rest}" for point in points for rest in ["456", "3456"]]
    known = "/[\\p{Nd}\\p{Pd}\\p{Zs}]/u.test(text.slice(2, -3))"  # to this Node's Unicode, too
    read = f"{json.dumps(texts)}.map((text) => {known} ? normalise(text, 6, 'digits') : null)"
    done = run(needs.node(), "-e", f"{constants}{functions}; console.log(JSON.stringify({read}))")
    assert done.returncode == 0, done.stderr
    answers = {text: read for text, read in zip(texts, json.loads(done.stdout), strict=True) if read is not None}
    assert len(answers) > 1200
    assert answers == {text: codes.normalise(text) for text in answers}


def test_a_right_code_gets_in_as_soon_as_it_is_typed(site, page):
    page.get_by_label("Code").press_sequentially(newest_code())
    page.wait_for_url(f"{site}/")
    assert get_user_model().objects.count() == 1


def test_a_wrong_code_costs_one_try_and_can_be_typed_again(site, page):
    code = newest_code()
    wrong = "000000" if code != "000000" else "111111"
    seen = posts_of(page)
    page.get_by_label("Code").press_sequentially(wrong)
    page.get_by_text("This code is not right").wait_for()
    page.locator("[name=code]:focus").wait_for()
    assert Verification.objects.get().tries == 1
    assert len(seen) == 1
    paste(page, code)
    page.wait_for_url(f"{site}/")


def test_a_code_is_sent_once_however_often_the_button_is_pressed(site, page):
    seen = posts_of(page)
    press = """(code) => {
      const field = document.querySelector("[name=code]");
      field.value = code;
      field.dispatchEvent(new InputEvent("input", {bubbles: true}));
      for (const _ of [1, 2, 3]) field.form.querySelector("button").click();
    }"""
    page.evaluate(press, newest_code())
    page.wait_for_url(f"{site}/")
    assert len(seen) == 1


@pytest.mark.parametrize(("come", "sent"), [("goto", 1), ("reload", 0)])
def test_what_was_typed_before_the_script_came_is_sent_and_what_the_browser_kept_is_not(site, page, come, sent):
    seen, code = posts_of(page), newest_code()
    page.route("**/otp-field.js", lambda route: fill_in(page, code, route))
    if come == "goto":
        page.goto(page.url)
        page.wait_for_url(f"{site}/")
    else:
        page.reload()
        page.wait_for_timeout(300)
        assert page.get_by_label("Code").input_value() == code
    assert len(seen) == sent


def fill_in(page, code, route):
    """Type before the script runs."""
    page.get_by_label("Code").fill(code)
    route.continue_()


def test_a_code_is_not_sent_twice_and_one_that_led_nowhere_can_be_sent_again(page):
    page.clock.install()
    page.reload()
    retell(page, 6, "digits")
    page.get_by_label("Code").press_sequentially("123456")
    page.keyboard.press("Enter")
    button = page.get_by_role("button", name="Checking…")
    assert button.get_attribute("aria-busy") == "true"
    button.click()
    assert page.evaluate("window.sent") == ["123456"]
    page.clock.run_for(6000)
    assert page.get_by_role("button", name="Continue").get_attribute("aria-busy") is None
    page.keyboard.press("Enter")
    assert page.evaluate("window.sent") == ["123456"] * 2


def test_the_button_counts_down_and_sends_nothing_before_its_time(page):
    page.clock.install()
    page.reload()
    button = page.get_by_role("button", name="Send it again")
    text = page.locator("#otp-resend-help")
    assert text.inner_text() == "Nothing came? Look among the spam, too."
    assert " 0:" in button.inner_text()
    before = button.inner_text()
    page.clock.run_for(2000)
    assert button.inner_text() < before
    button.focus()
    page.keyboard.press("Enter")
    page.clock.run_for(60_000)
    assert button.inner_text() == "Send it again"
    assert button.get_attribute("aria-disabled") is None
    assert len(memory.sent) == 1
    Verification.objects.update(last_sent_at=timezone.now() - timedelta(minutes=1))
    follow(button)
    assert [message.code for message in memory.sent] == [newest_code()] * 2


def test_a_page_without_a_field_is_left_alone(site, page):
    Verification.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    page.reload()
    follow(page.get_by_role("button", name="Send a new code"))
    assert page.get_by_label("Code").is_visible()


# What is pressed after the code page has loaded, and where that leads. `@` is the code.
KEYS = {
    "the code": (["@"], "/"),
    "the code in two halves": (["@:3", " ", "@3:"], "/"),
    "to the edit link": (["Shift+Tab", "Enter"], "/auth/sign-in/?next=%2F"),
    "past the button to resending": (["Tab", "Tab", "Enter", "Shift+Tab", "Shift+Tab", "@"], "/"),
    "five digits, and the button": (["1", "2", "3", "4", "5", "Tab", "Enter"], "/auth/sign-in/verify/"),
    "nothing, and enter": (["Enter"], "/auth/sign-in/verify/"),
}


@pytest.mark.parametrize("keys", KEYS)
def test_the_keyboard_leads_everywhere(site, page, keys):
    page.locator("[name=code]:focus").wait_for()
    pressed, path = KEYS[keys]
    code = newest_code()
    for key in pressed:
        if key.startswith("@"):
            start, _, end = key[1:].partition(":")
            page.keyboard.type(code[int(start or 0) : int(end or 6)])
        else:
            page.keyboard.press("Space" if key == " " else key)
    page.wait_for_url(f"{site}{path}*" if path.endswith("verify/") else f"{site}{path}")
    assert len(memory.sent) == 1
