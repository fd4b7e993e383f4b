"""An admin site of the site's own, beside Django's."""

import re

import pytest
from django.contrib import admin
from django.urls import path, set_urlconf

from passwordless_otp.admin.flows import SignInAdmin
from passwordless_otp.admin.instance_settings import InstanceSettingsAdmin
from passwordless_otp.admin.messages import MessageAdmin
from passwordless_otp.admin.verifications import VerificationAdmin
from passwordless_otp.models import InstanceSettings, Message, SignIn, Verification
from tests.admin.conftest import text
from tests.visitor import EMAIL, ApiVisitor, joined

pytestmark = pytest.mark.django_db
OURS = "passwordless_otp"

whole = admin.AdminSite(name="staff")
whole.register(SignIn, SignInAdmin)
whole.register(Verification, VerificationAdmin)
whole.register(Message, MessageAdmin)
whole.register(InstanceSettings, InstanceSettingsAdmin)

part = admin.AdminSite(name="part")
part.register(Verification, VerificationAdmin)


class Urls:
    urlpatterns = [path("admin/", admin.site.urls), path("staff/", whole.urls), path("part/", part.urls)]


@pytest.fixture
def verification(settings, root):
    joined()
    ApiVisitor().sign_in(EMAIL, "email_code")
    settings.ROOT_URLCONF = Urls
    yield Verification.objects.filter(flow__purpose="sign_in").get()
    set_urlconf(None)


def links(page):
    return {link for link in re.findall(r'href="([^"]+/change/)"', text(page)) if OURS in link}


@pytest.mark.parametrize("site", ["admin", "staff"])
def test_links_stay_on_the_site(root, verification, site):
    flow, [message] = verification.flow, verification.messages.all()
    detail = root.get(f"/{site}/{OURS}/verification/{verification.pk}/change/")
    assert links(detail) >= {
        f"/{site}/{OURS}/signin/{flow.pk}/change/",
        f"/{site}/{OURS}/message/{message.pk}/change/",
    }
    assert all(link.startswith(f"/{site}/") for link in links(detail))
    of_flow = root.get(f"/{site}/{OURS}/signin/{flow.pk}/change/")
    assert f"/{site}/{OURS}/message/{message.pk}/change/" in links(of_flow)


@pytest.mark.parametrize("site", ["admin", "staff"])
def test_the_settings_are_on_the_site(root, verification, site):
    assert (
        root.get(f"/{site}/{OURS}/instancesettings/")["Location"] == f"/{site}/{OURS}/instancesettings/1/change/"
    )
    assert f'href="/{site}/"' in text(root.get(f"/{site}/{OURS}/instancesettings/1/change/"))


def test_object_without_a_page_on_the_site_is_not_linked(root, verification):
    for path_ in [f"/part/{OURS}/verification/", f"/part/{OURS}/verification/{verification.pk}/change/"]:
        page = root.get(path_)
        assert page.status_code == 200
        assert not {link for link in links(page) if "verification" not in link}
