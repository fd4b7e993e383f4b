"""A site with Wagtail: visitors sign in by code, and an account for them opens no back office."""

from tests.projects import harness

SETTINGS = """
INSTALLED_APPS += [
    "wagtail.users", "wagtail.documents", "wagtail.images", "wagtail.search", "wagtail.admin", "wagtail",
    "taggit", "modelcluster",
]
WAGTAIL_SITE_NAME = "Larder"
WAGTAILADMIN_BASE_URL = "http://127.0.0.1:8000"
"""
URLS = """
from wagtail.admin import urls as wagtailadmin_urls
urlpatterns += [path("cms/", include(wagtailadmin_urls))]
"""
EDITOR = """
from django.contrib.auth.models import Permission
from passwordless_otp.models import Identifier
editor = User.objects.create_user("editor", "editor@example.com", "long since forgotten")
editor.user_permissions.add(Permission.objects.get(codename="access_admin"))
identifier = Identifier(user=editor, value=editor.email)
identifier.clean()
identifier.save()
"""


def test_editor_signs_in_as_themselves_and_visitor_gets_no_back_office(project):
    settings, urls = harness.NO_MIGRATIONS + SETTINGS + harness.SETTINGS, harness.URLS + URLS
    site = project("wagtail", packages=["wagtail"], settings=settings, urls=urls)
    site.manage("migrate", "--run-syncdb", "-v", "0")
    editor = site.run(*EDITOR.splitlines(), "editor.pk")
    with site.served() as server:
        visitor = server.visitor()
        assert visitor.sign_in("editor@example.com").text == f"{editor} editor@example.com"
        assert visitor.get("/cms/").path == "/cms/"
        visitor = server.visitor()
        assert visitor.sign_in("new@example.com", "/auth/sign-up/").text.endswith(" new@example.com")
        assert visitor.get("/cms/").path.startswith("/cms/login/")
    assert site.run("User.objects.count()") == 2
