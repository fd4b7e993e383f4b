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
UNLINKED = """
unlinked = User.objects.create_user("unlinked", "unlinked@example.com", "long since forgotten")
unlinked.user_permissions.add(Permission.objects.get(codename="access_admin"))
"""
# The recipe of docs/customizing.md.
RULE = """
def may_sign_in(user):
    return not user.has_perm("wagtailadmin.access_admin")
"""


def test_editor_gets_in_by_no_code_where_the_site_says_so(project):
    rule = '\nPASSWORDLESS_OTP["MAY_SIGN_IN"] = "mysite.rules.may_sign_in"\n'
    settings, urls = harness.NO_MIGRATIONS + SETTINGS + harness.SETTINGS + rule, harness.URLS + URLS
    site = project("wagtail", packages=["wagtail"], settings=settings, urls=urls)
    site.write("mysite/rules.py", RULE)
    site.manage("migrate", "--run-syncdb", "-v", "0")
    site.run(*EDITOR.splitlines(), *UNLINKED.splitlines(), "1")
    with site.served() as server:
        server.visitor().ask_for_code("editor@example.com")
        refused = server.visitor().sign_in("unlinked@example.com", "/auth/sign-up/")
        assert "There is an account" not in refused.text  # told no more than any other who may not sign in
        assert server.visitor().sign_in("new@example.com", "/auth/sign-up/").text.endswith(" new@example.com")
    messages = "list(Message.objects.filter(kind='not_allowed').values_list('verification__value', flat=True))"
    assert site.run("from passwordless_otp.models import Message", messages) == ["editor@example.com"]
    assert site.run("[user.last_login for user in User.objects.order_by('pk')[:2]]") == [None, None]
    assert site.run("User.objects.count()") == 3


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
