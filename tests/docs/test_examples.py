"""The larger Python examples of the documentation do what the text says."""

import pytest
from django.contrib.auth import get_user_model

from passwordless_otp.messaging import render
from passwordless_otp.models import Identifier
from passwordless_otp.testing import EnumerationParity
from tests.docs import site
from tests.docs.blocks import ROOT, blocks
from tests.visitor import ApiVisitor, errors, joined, newest_code

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


def test_example_import_saves_valid_addresses_and_prints_the_others(example, capsys):
    people = get_user_model().objects
    for number, email in enumerate(["Jane@Example.com", "jane@example.com", "nonsense", ""]):
        people.create_user(f"user{number}", email)
    example("customizing.md")
    assert [identifier.value for identifier in Identifier.objects.all()] == ["jane@example.com"]
    assert Identifier.objects.get().user.username == "user0"
    printed = capsys.readouterr().out
    assert f"{people.get(username='user1').pk}: " in printed
    assert f"{people.get(username='user2').pk}: " in printed


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
