"""A front end on another port, with CORS, that goes on with the site's own tokens of simplejwt."""

from tests.projects import harness

FRONT_END = "http://localhost:5173"
SETTINGS = f"""
INSTALLED_APPS += ["rest_framework", "rest_framework_simplejwt", "corsheaders"]
MIDDLEWARE.insert(0, "corsheaders.middleware.CorsMiddleware")
CORS_ALLOWED_ORIGINS = CSRF_TRUSTED_ORIGINS = ["{FRONT_END}"]
CORS_ALLOW_CREDENTIALS = True
REST_FRAMEWORK = {{
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
}}
SECRET_KEY = "of this test only, and long enough for HS256"
"""
URLS = """
from rest_framework.authentication import SessionAuthentication
from rest_framework.decorators import api_view, authentication_classes
from rest_framework.response import Response
from rest_framework_simplejwt.tokens import RefreshToken

@api_view(["POST"])
@authentication_classes([SessionAuthentication])
def token(request):
    return Response({"access": str(RefreshToken.for_user(request.user).access_token)})

@api_view(["GET"])
def mine(request):
    return Response({"user": request.user.pk})

urlpatterns += [path("token/", token), path("mine/", mine)]
"""
OLD = """
from passwordless_otp.models import Identifier
old = User.objects.create_user("old", "old@example.com", "long since forgotten")
identifier = Identifier(user=old, value=old.email)
identifier.clean()
identifier.save()
"""


def test_front_end_signs_up_and_in_and_calls_the_sites_api_with_its_token(project):
    settings, urls = SETTINGS + harness.SETTINGS, harness.URLS + URLS
    packages = ["corsheaders", "rest_framework_simplejwt"]
    site = project("tokens", packages=packages, settings=settings, urls=urls)
    site.manage("migrate", "-v", "0")
    old = site.run(*OLD.splitlines(), "old.pk")
    with site.served() as server:
        assert server.visitor().get("/mine/").status == 401
        assert user_of_token(server, "sign_ins", "attempt_first_factor", identifier="old@example.com") == old
        new = user_of_token(server, "sign_ups", "attempt_verification", email_address="new@example.com")
        assert new not in [None, old]


def user_of_token(server, flows, attempt, **given):
    """Go through the flow as a front end, and return whom the site's API knows by its token."""
    browser, [typed] = server.visitor(Origin=FRONT_END), given.values()
    answer = browser.api("POST", f"client/{flows}", {**given, "strategy": "email_code"})
    assert answer.headers["Access-Control-Allow-Origin"] == FRONT_END
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    path = f"client/{flows}/{answer.json()['response']['id']}/{attempt}"
    answer = browser.api("POST", path, {"strategy": "email_code", "code": server.code(typed)})
    assert answer.json()["response"]["status"] == "complete", answer.text
    csrf = {"X-CSRFToken": browser.cookies.get("csrftoken", "")}
    access = browser.api("POST", "../../token/", {}, **csrf).json()["access"]
    bearer = {"Authorization": f"Bearer {access}"}
    assert browser.api("GET", "me", **bearer).status == 200  # with both, the cookie still counts
    return server.visitor().get("/mine/", **bearer).json()["user"]
