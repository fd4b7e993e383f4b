"""The larger Python examples of the documentation do what the text says."""

from datetime import datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.shortcuts import redirect
from django.urls import include, path
from django.utils import timezone

from passwordless_otp import proofs
from passwordless_otp.messaging import render
from passwordless_otp.models import Identifier
from passwordless_otp.testing import EnumerationParity
from passwordless_otp.testing.journeys import PageJourney
from tests.docs import site
from tests.docs.blocks import ROOT, blocks
from tests.visitor import EMAIL, ApiVisitor, errors, joined, newest_code

pytestmark = pytest.mark.django_db


@pytest.fixture
def hooked(example, settings):
    """Run a page and keep only its CREATE_USER; messages stay in the tests' memory backend."""

    def run(page):
        tested = settings.PASSWORDLESS_OTP
        module = example(page)
        settings.PASSWORDLESS_OTP = {**tested, "CREATE_USER": settings.PASSWORDLESS_OTP["CREATE_USER"]}
        return module

    return run


@pytest.fixture
def example(settings, monkeypatch):
    return lambda page: site.run(ROOT / "docs" / page, settings, monkeypatch)


def test_example_receiver_is_called_after_sign_up(hooked):
    page = hooked("customizing.md")
    joined()
    assert page.welcomed == [get_user_model().objects.get()]


def test_example_replacement_leaves_one_address_in_identifiers_and_email_field(example):
    page = example("customizing.md")
    user = get_user_model().objects.create_user("jane", "old@example.com")
    Identifier.objects.adopt(user, user.email)
    page.replace_address(user, "New@example.com")
    assert get_user_model().objects.get().email == "new@example.com"
    assert Identifier.objects.get().value == "new@example.com"


def test_example_merge_moves_identifiers_and_closes_the_other_account(example):
    page = example("customizing.md")
    one, other = [get_user_model().objects.create_user(name) for name in ["one", "other"]]
    for user in [one, other]:
        Identifier.objects.adopt(user, f"{user.username}@example.com")
    page.merge(one, other)
    assert other.otp_identifiers.count() == 2
    assert not get_user_model().objects.get(pk=one.pk).is_active


def test_example_call_adopts_what_the_site_has_confirmed(example):
    page = example("migrating.md")
    user = get_user_model().objects.create_user("jane")
    page.user_has_confirmed(user, "jane@example.com")
    assert Identifier.objects.get().user == user


def test_example_refusal_is_answered_and_the_code_stays_valid(hooked):
    hooked("customizing.md")
    visitor = ApiVisitor()
    visitor.sign_up(email_address="eve@elsewhere.example", strategy="email_code")
    for _ in range(2):
        answer = visitor.attempt(newest_code())
        assert errors(answer) == ["outsider"]
        assert answer.status_code == 403
    assert not get_user_model().objects.exists()


def test_example_create_user_gets_the_metadata_of_the_front_end(hooked):
    hooked("configuration.md")
    joined(unsafe_metadata='{"heard_of_us": "newspaper"}')
    assert get_user_model().objects.get().groups.get().name == "readers"


@pytest.fixture
def terms(example, settings):
    """Run the page with the form for consent, with messages in the tests' memory backend."""
    tested = settings.PASSWORDLESS_OTP
    module = example("pages.md")
    names = {name: settings.PASSWORDLESS_OTP[name] for name in ["SIGN_UP_FORM", "CREATE_USER"]}
    settings.PASSWORDLESS_OTP = {**tested, **names}
    return module


def test_example_form_keeps_which_terms_were_accepted_and_when(terms):
    visitor = PageJourney()
    page = visitor.sign_up(email_address=EMAIL).content.decode()
    assert "Accept the terms to go on." in page
    asked = timezone.now()
    visitor.sign_up(email_address=EMAIL, terms=terms.TERMS)
    accepted = timezone.now()
    visitor.attempt(newest_code())
    [(user, version, at)] = terms.consents
    assert (str(user), version) == (visitor.signed_in, "2026-11-01")
    assert asked - timedelta(milliseconds=1) <= datetime.fromisoformat(at) <= accepted


def test_example_form_refuses_terms_of_another_version(terms):
    page = PageJourney().sign_up(email_address=EMAIL, terms="2020-01-01").content.decode()
    assert "The terms have changed." in page
    assert 'value="2026-11-01"' in page


def test_example_form_can_not_be_passed_by_over_the_api(terms):
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    assert errors(visitor.attempt(newest_code())) == ["terms_not_accepted"]
    assert not get_user_model().objects.exists()


def test_example_form_is_asked_for_after_a_sign_in_with_an_unknown_address(terms):
    visitor = PageJourney()
    visitor.sign_in(EMAIL)
    asked = visitor.attempt(newest_code())
    assert "I accept the terms" in visitor.get(asked["Location"]).content.decode()
    visitor.submit(asked["Location"], {"terms": terms.TERMS})
    assert visitor.signed_in
    assert len(terms.consents) == 1


def test_example_views_take_the_place_of_the_apps_pages(example, settings):
    tested = settings.PASSWORDLESS_OTP
    module = example("customizing.md")
    settings.PASSWORDLESS_OTP = tested
    settings.ROOT_URLCONF = type("Site", (), {"urlpatterns": [path("auth/", include(module))]})
    visitor = PageJourney()
    assert "As it stands on your invoice." in visitor.get("/auth/sign-in/").content.decode()
    joined()
    visitor.sign_in(EMAIL)
    assert visitor.attempt(newest_code())["Location"] == "/welcome/"


def test_example_test_signs_in_by_the_pages(example, settings):
    page = example("testing.md")
    settings.PASSWORDLESS_OTP = {"PUBLIC_URL": "https://example.com"}
    for _ in range(3):
        browser = page.sign_in("jane@example.com")
        assert browser.session["_auth_user_id"] == str(get_user_model().objects.get().pk)
    with pytest.raises(AssertionError, match="which limit"):
        page.sign_in("jane@example.com")


def test_example_test_sees_an_expired_code(example, client, otp_messages, expire_codes):
    example("testing.md").test_old_code_is_refused(client, otp_messages, expire_codes)


def test_example_test_goes_through_the_step_before_the_login(example, settings, otp_messages):
    def second_factor(request):
        return redirect(proofs.complete(request))

    page = example("testing.md")
    joined("jane@example.com")
    page.before_login = lambda *_: "/second-factor/"
    urls = [path("auth/", include("passwordless_otp.urls")), path("second-factor/", second_factor)]
    settings.ROOT_URLCONF = type("Site", (), {"urlpatterns": urls})
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "BEFORE_LOGIN": "mysite.before_login"}
    page.test_second_factor_is_asked(otp_messages)


def test_example_test_address_signs_up_by_its_fixed_code(example):
    example("testing.md").open_to_testers()
    visitor = ApiVisitor()
    visitor.sign_up(email_address="tester@example.com", strategy="email_code")
    assert visitor.attempt("314159").json()["response"]["status"] == "complete"


def test_example_parity_kit_sets_only_documented_attributes(example):
    kit = example("testing.md").TestParity
    assert issubclass(kit, EnumerationParity)
    assert {name for name in vars(kit) if not name.startswith("__")} <= {"kinds", "noise"}


def test_example_message_templates_render_the_code(settings, tmp_path):
    folder = tmp_path / "passwordless_otp/messages/sign_in"
    folder.mkdir(parents=True)
    for name, block in zip(["body.html", "sms.txt"], blocks(ROOT / "docs/delivery.md", "html"), strict=True):
        (folder / name).write_text(block.text)
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    words = {"app": "Salt & Pepper", "code": "012345", "domain": "example.com", "minutes": 10}
    mail = render.compose("sign_in", "email", words)
    assert "Welcome back to Salt &amp; Pepper" in mail.html
    assert ">012345<" in mail.html
    sms = render.compose("sign_in", "sms", words)
    assert sms.body == "012345 for Salt & Pepper. We never ask for it.\n\n@example.com #012345"
