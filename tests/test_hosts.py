"""A site with several hosts: PUBLIC_URL names a function, and messages link to the host that was asked."""

import logging

import pytest
from django.contrib.auth import get_user_model
from django.core.signals import request_finished
from django.urls import clear_script_prefix, set_script_prefix

from passwordless_otp import clients, conf
from passwordless_otp.messaging import deliver, dispatch
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Identifier, Message
from tests import hooks
from tests.visitor import EMAIL, ApiVisitor, both_kinds, joined, newest_code, operate

pytestmark = pytest.mark.django_db
HOSTS = {
    "example.com": "https://example.com",
    "localhost": "http://localhost:8000/ignored",
    "127.0.0.1": "nonsense",
}


def origin_of(host):
    """What a site may name in PUBLIC_URL."""
    return HOSTS.get(host, "")


def broken(host):
    raise RuntimeError


@pytest.fixture(autouse=True)
def many_hosts(settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "PUBLIC_URL": f"{__name__}.origin_of"}


def asked(host, identifier=EMAIL, strategy="email_code"):
    visitor = ApiVisitor(host=host)
    visitor.sign_in(identifier, strategy)
    return visitor


@pytest.mark.parametrize(
    ("host", "origin", "link"),
    [
        ("example.com", "https://example.com", "https://example.com/auth/sign-up/"),
        ("localhost", "http://localhost:8000", "http://localhost:8000/auth/sign-up/"),
        ("testserver", "", ""),
        ("127.0.0.1", "", ""),
    ],
)
def test_message_links_to_the_host_that_was_asked_if_the_site_knows_it(host, origin, link):
    asked(host)
    assert Message.objects.get().origin == origin
    text = memory.sent[-1].text
    assert link in text
    assert ("//" in text) == bool(link)


def test_last_line_of_an_sms_names_the_host_that_was_asked():
    both_kinds(sms_countries=["US"], phone_number_required=False)
    ends = {"example.com": "\n@example.com #", "localhost": "\n@localhost #", "testserver": ""}
    for number, (host, line) in enumerate(ends.items()):
        ApiVisitor(host=host).sign_up(phone_number=f"+1415{555 + number}2671", strategy="phone_code")
        assert line in memory.sent[-1].text
        assert ("#" in memory.sent[-1].text) == bool(line)


def test_worker_needs_no_request(settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.record"}
    for host in ["example.com", "localhost"]:
        asked(host, f"jane@{host}.example")
    assert conf.public_origin() == ""
    for job, link in zip(hooks.recorded[-2:], ["https://example.com/", "http://localhost:8000/"], strict=True):
        deliver.run_job(job)
        assert link in memory.sent[-1].text
    assert conf.public_origin() == ""


@pytest.mark.parametrize("how", ["blocking", "tests.hooks.record"])
def test_not_me_link_leads_to_the_host_of_the_sign_in(settings, how):
    joined()
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": how}
    hooks.recorded.clear()
    visitor = asked("localhost")
    for job in hooks.recorded[-1:]:
        deliver.run_job(job)
    visitor.attempt(newest_code())
    for job in hooks.recorded[-1:]:
        deliver.run_job(job)
    assert "http://localhost:8000/auth/not-me/" in memory.sent[-1].text


def test_notice_of_an_added_identifier_leads_to_the_host_where_the_user_was_last():
    visitor = ApiVisitor(host="localhost")
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    visitor.attempt(newest_code())
    user = get_user_model().objects.get()
    held = [each.identifier for each in Identifier.objects.all()]
    dispatch.announce_identifier(user, held)
    assert Message.objects.order_by("pk").last().origin == "http://localhost:8000"


def test_addresses_in_the_environment_are_those_of_the_host():
    for host, origin in [("example.com", "https://example.com"), ("testserver", "")]:
        shown = ApiVisitor(host=host).get("environment").json()["display_config"]
        assert (shown["home_url"], shown["sign_in_url"]) == (f"{origin}/", f"{origin}/auth/sign-in/")
        assert shown["application_name"] == (host if origin else "this site")


def test_host_is_forgotten_at_the_end_of_the_request(rf):
    clients.follow_host(rf.get("/", headers={"host": "example.com"}))
    assert conf.public_origin() == "https://example.com"
    request_finished.send(None)
    assert conf.public_origin() == ""


def test_host_that_django_does_not_allow_has_no_address(rf):
    clients.follow_host(rf.get("/", headers={"host": "evil.example"}))
    assert conf.public_origin() == ""


def test_function_that_fails_leaves_links_out_and_is_logged(settings, caplog):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "PUBLIC_URL": f"{__name__}.broken"}
    with caplog.at_level(logging.ERROR):
        asked("example.com")
    assert "PUBLIC_URL failed: RuntimeError" in caplog.text
    assert "//" not in memory.sent[-1].text


def test_one_address_for_all_is_not_saved_and_asks_no_host(settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "PUBLIC_URL": "https://example.com"}
    asked("localhost")
    assert Message.objects.get().origin == ""
    assert "https://example.com/" in memory.sent[-1].text


def test_operators_preview_shows_the_host_of_the_page(client):
    client.force_login(get_user_model().objects.create_superuser("root"))
    page = client.get("/admin/passwordless_otp/instancesettings/1/change/", headers={"host": "example.com"})
    assert "@example.com #" in page.content.decode()


def test_page_lives_where_the_site_is_mounted():
    operate(application_name="Larder")
    set_script_prefix("/shop/")
    try:
        shown = ApiVisitor(host="example.com").http.get("/auth/v1/environment", SCRIPT_NAME="/shop").json()
    finally:
        clear_script_prefix()
    found = {name: url for name, url in shown["display_config"].items() if name.endswith("_url")}
    own = ["home_url", "after_sign_out_one_url", "after_sign_out_all_url"]
    assert [found[name] for name in own] == ["https://example.com/shop/"] * 3
    assert found["sign_in_url"] == "https://example.com/shop/auth/sign-in/"
