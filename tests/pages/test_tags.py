"""The template tags, as the server renders them. tests/browser/test_tags.py clicks them."""

import re
from html import unescape

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured
from django.template import Context, Template, engines
from django.urls import include, path

from tests.pages.conftest import SIGN_UP, newest_code

urlpatterns = [path("members/otp/", include("passwordless_otp.urls"))]
TAGS = ["{% otp_sign_in %}", "{% otp_sign_up %}", "{% otp_client %}"]
FORMS = TAGS[:2]


@pytest.fixture
def show(rf):
    """Return a function that renders tags on a page at this address."""

    def draw(text, at="/shop/", user=None):
        request = rf.get(at)
        request.user = user or AnonymousUser()
        return engines["django"].from_string(f"{{% load passwordless_otp %}}{text}").render({}, request)

    return draw


def hidden(page, name):
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)">', page)
    return unescape(found[1]) if found else None


@pytest.mark.parametrize("tag", ["otp_sign_in", "otp_sign_up"])
def test_people_go_on_to_what_the_tag_says_else_to_what_the_page_was_asked_for(show, tag):
    assert hidden(show(f"{{% {tag} next='/cart/?a=1&b=2' %}}", "/shop/?next=/other/"), "next") == "/cart/?a=1&b=2"
    assert hidden(show(f"{{% {tag} %}}", "/shop/?next=/other/"), "next") == "/other/"
    assert hidden(show(f"{{% {tag} %}}", "/shop/?next=https://elsewhere.example/"), "next") is None
    assert hidden(show(f"{{% {tag} %}}"), "next") is None


def test_another_site_named_by_the_tag_is_not_followed(show, visitor):
    page = show("{% otp_sign_up next='https://elsewhere.example/' %}")
    visitor.submit(SIGN_UP, {"email_address": "jane@example.com", "next": hidden(page, "next"), "new": "1"})
    assert visitor.submit(f"{SIGN_UP}verify/", {"code": newest_code()})["Location"] == "/"


@pytest.mark.parametrize("tag", ["otp_sign_in", "otp_sign_up"])
def test_what_the_tag_is_given_is_text_and_nothing_else(show, tag):
    page = show(f"{{% {tag} next='/\"><b>' submit='<b>Go</b>' %}}")
    assert "<b>" not in page
    assert "&lt;b&gt;Go&lt;/b&gt;" in page


@pytest.mark.parametrize("tag", FORMS)
def test_each_form_carries_the_token_and_says_what_is_enabled(show, both, tag):
    page = show(tag)
    assert hidden(page, "csrfmiddlewaretoken")
    assert "hone number" in page


@pytest.mark.parametrize("tag", FORMS)
def test_who_is_signed_in_sees_as_whom_and_can_sign_out(show, make_user, tag):
    page = show(tag, user=make_user("jane@example.com"))
    assert "jane@example.com" in page
    assert 'action="/auth/sign-out/"' in page
    assert "otp-form" not in page


@pytest.mark.parametrize("tag", FORMS)
def test_a_site_with_everything_switched_off_says_so(show, configure, tag):
    configure(email_address_enabled=False)
    assert "switched off" in show(tag)
    assert "<form" not in show(tag)


def test_a_closed_sign_up_says_so_and_sign_in_stays(show, configure):
    configure(sign_up_mode="closed")
    assert "<form" not in show("{% otp_sign_up %}")
    assert 'class="otp-note"' in show("{% otp_sign_up %}")
    assert 'action="/auth/sign-in/"' in show("{% otp_sign_in %}")


def test_form_has_the_fields_of_the_site(show, settings):
    form = {"SIGN_UP_FORM": "tests.pages.sign_up_forms.About"}
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, **form}
    assert 'name="company"' in show("{% otp_sign_up %}")
    assert 'name="company"' not in show("{% otp_sign_in %}")


def test_forms_that_are_included_have_ids_of_their_own_too(show):
    page = show("{% for _ in 'abc' %}{% otp_sign_in %}{% endfor %}{% otp_sign_up %}")
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(set(ids)) == len(ids) == 4


def test_the_client_is_told_where_the_site_has_put_it(show, settings):
    settings.ROOT_URLCONF = __name__
    settings.CSRF_COOKIE_NAME = "shop_csrf"
    settings.CSRF_HEADER_NAME = "HTTP_X_SHOP_CSRF"
    script = show("{% otp_client %}")
    assert 'src="/static/passwordless_otp/client.js"' in script
    assert 'data-otp-base-url="/members/otp/"' in script
    assert 'data-otp-csrf-cookie="shop_csrf" data-otp-csrf-header="X-SHOP-CSRF"' in script


def test_loading_the_client_sets_the_cookie_that_it_reads(rf):
    request = rf.get("/shop/")
    engines["django"].from_string("{% load passwordless_otp %}{% otp_client %}").render({}, request)
    assert request.META["CSRF_COOKIE_NEEDS_UPDATE"]


@pytest.mark.parametrize("tag", TAGS)
def test_a_template_without_a_request_is_told_what_it_lacks(tag):
    with pytest.raises(ImproperlyConfigured, match="need the request"):
        Template(f"{{% load passwordless_otp %}}{tag}").render(Context())
