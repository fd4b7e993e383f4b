"""What messages say, in every language that is shipped."""

import itertools
import re

import pytest
from django.utils import translation

from passwordless_otp import sms
from passwordless_otp.messaging import render
from passwordless_otp.messaging.render import OperatorTexts
from passwordless_otp.models.messages import MessageKind
from tests.languages import LANGUAGES, LATIN

WITH_CODE = [kind for kind in MessageKind if kind.has_code]
CODES = ["012345", "01234567", "ABCDEFGHIJKLM"]
NAMES = ["Larder", "Larder of the " * 4, "図書館" * 20, "Żabka", ""]


def words(**changes):
    return {
        "app": "Salt & <Pepper>",
        "code": "012345",
        "code_in_subject": True,
        "domain": "example.com",
        "minutes": 10,
        "sign_up_url": "https://example.com/auth/sign-up/",
        "support_email": "help@example.com",
        **changes,
    }


def text_of(kind, texts=render.DEFAULT_TEXTS, **changes):
    return render.compose(kind, "sms", words(**changes), texts).body


def mail(kind, texts=render.DEFAULT_TEXTS, **changes):
    return render.compose(kind, "email", words(**changes), texts)


@pytest.fixture(params=LANGUAGES)
def language(request):
    with translation.override(request.param):
        yield request.param


def test_mail_says_the_same_as_text_and_as_html(language):
    for kind in MessageKind:
        text = mail(kind)
        assert text.subject
        assert "\n" not in text.subject
        for part in ["help@example.com", *(["012345"] if kind.has_code else [])]:
            assert part in text.body
            assert part in text.html
        assert ("012345" in text.subject) == kind.has_code
        assert "Salt & <Pepper>" in text.body + text.subject
        assert "Salt &amp; &lt;Pepper&gt;" in text.html
        assert "<Pepper>" not in text.html


def test_html_names_its_language_and_direction(language):
    direction = "rtl" if language == "ar" else "ltr"
    for kind in MessageKind:
        assert f'lang="{language}" dir="{direction}"' in mail(kind).html


def test_html_loads_nothing_and_links_only_to_the_sign_up_and_to_an_unlock_link(language):
    sign_up, unlock = "https://example.com/auth/sign-up/", "https://example.com/auth/unlock/x/"
    for kind, sign_up_url, unlock_url in itertools.product(MessageKind, [sign_up, ""], [unlock, ""]):
        html = mail(kind, sign_up_url=sign_up_url, unlock_url=unlock_url).html
        expected = [sign_up_url] if kind == MessageKind.UNKNOWN_ACCOUNT and sign_up_url else []
        if kind == MessageKind.UNLOCK or (unlock_url and kind != MessageKind.SECURITY_NOTICE):
            expected.append(unlock_url)
        assert re.findall(r'href="(.*?)"', html) == expected
        assert not re.search(
            r"<(img|link|script|iframe|form|object|svg)|src=|url\(|@import|http-equiv", html, re.I
        )


def test_mail_with_a_code_says_where_and_how_long_it_is_valid(language):
    for kind, minutes, domain in itertools.product(WITH_CODE, [1, 10], ["example.com", ""]):
        text = mail(kind, minutes=minutes, domain=domain)
        for form in [text.body, text.html]:
            assert domain in form
            assert minutes == 1 or "10" in form
            assert not re.search(r"\n\n\n", text.body)


def test_code_can_be_left_out_of_the_subject(language):
    for kind in WITH_CODE:
        text = mail(kind, code_in_subject=False)
        assert "012345" not in text.subject
        assert text.subject
        assert "012345" in text.body
        assert "012345" not in re.sub(r'<p class="otp-code".*?</p>', "", text.html)


def test_sms_is_one_segment_and_ends_with_the_origin_bound_line(language):
    for kind, code, app in itertools.product(WITH_CODE, CODES, NAMES):
        text = text_of(kind, code=code, app=app)
        first, blank, last = text.split("\n")
        assert code in first
        assert blank == ""
        assert last == f"@example.com #{code}"
        assert sms.segments(text) == 1
        if language in LATIN:
            assert sms.foreign(text) in ["", "Ż"]  # of the site's own name


def test_long_domain_leaves_room_in_latin_languages(language):
    for kind, code in itertools.product(WITH_CODE, CODES if language in LATIN else []):
        text = text_of(kind, code=code, app="Larder", domain=f"{'sign-in.' * 7}example.com")
        assert sms.segments(text) == 1


def test_without_a_domain_an_sms_is_the_text_alone(language):
    for kind in WITH_CODE:
        assert "\n" not in text_of(kind, domain="")


def test_site_name_is_in_an_sms_only_where_all_of_it_fits():
    assert text_of("sign_in", app="Larder") == (
        "012345 is your sign-in code for Larder. Give it to nobody.\n\n@example.com #012345"
    )
    assert text_of("sign_in", app="図書館") == (
        "012345 is your sign-in code. Give it to nobody.\n\n@example.com #012345"
    )
    short = text_of("sign_in", app="図書館", domain=f"{'a' * 50}.{'b' * 50}.example")
    assert short.startswith("012345 is your sign-in code.\n")


def test_operator_texts_replace_ours_in_every_language(language):
    own = OperatorTexts("Hello from $app: $code", "$code for $app, $minutes min, $$0")
    assert mail("sign_in", own).subject == "Hello from Salt & <Pepper>: 012345"
    assert text_of("sign_up", own) == "012345 for Salt & <Pepper>, 10 min, $0\n\n@example.com #012345"


def test_operator_sms_that_no_longer_fits_is_replaced_by_ours():
    own = OperatorTexts(sms="$code on $domain")
    assert text_of("sign_in", own).startswith("012345 on example.com")
    long = f"{'sign-in.' * 9}example.com"
    assert text_of("sign_in", own, domain=long).startswith("012345 is your sign-in code")


def test_name_that_looks_like_a_placeholder_is_not_filled_in():
    own = OperatorTexts("$code $app", "$code $app")
    assert mail("sign_in", own, app="$domain {{ code }}").subject == "012345 $domain {{ code }}"
    assert text_of("sign_in", own, app="$domain").startswith("012345 $domain\n")


def test_subject_stays_on_one_line_whatever_the_name():
    for own in [render.DEFAULT_TEXTS, OperatorTexts(subject="$code\n$app")]:
        assert "\n" not in mail("sign_in", own, app="a\r\nBcc: b@example.com").subject


WARNED = "{%% if not short %%}%s{%% endif %%}"
JAPANESE = (
    "{{ code }} は{% if app %}{{ app }}の{% endif %}ログインコードです。" + WARNED % "誰にも教えないでください。"
)
ARABIC = "{{ code }} رمز الدخول{% if app %} إلى {{ app }}{% endif %}." + WARNED % " لا تعطه لأي شخص آخر."


@pytest.mark.parametrize("template", [JAPANESE, ARABIC])
@pytest.mark.parametrize("domain", ["example.com", "accounts.example.com", ""])
def test_text_outside_gsm_fits_into_one_segment_of_70_characters(settings, template, domain):
    known = {"passwordless_otp/messages/sign_in/sms.txt": template}
    loaders = [("django.template.loaders.locmem.Loader", known)]
    settings.TEMPLATES = [{"BACKEND": settings.TEMPLATES[0]["BACKEND"], "OPTIONS": {"loaders": loaders}}]
    for code, app in itertools.product(CODES, NAMES):
        text = text_of("sign_in", code=code, app=app, domain=domain)
        assert len(text) <= 70
        assert text.startswith(code)
        assert text.endswith(f"\n@{domain} #{code}" if domain else ("。", "."))
