"""A project with a second factor: `python -m tests.projects.second_factor django-otp`. Fails if a code is enough.

Its module `mysite` is the recipe of docs/second-factor.md. People sign in by code, by the pages and by the API.
"""

import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from types import ModuleType

import django
from django.conf import settings
from django.core.cache import cache
from django.urls import include, path

import passwordless_otp
from tests.docs.blocks import ROOT, blocks
from tools.site import settings as shared

PAGE = ROOT / "docs/second-factor.md"
MARKS = {
    "django-otp": "django_otp.forms",
    "two-factor": "two_factor.forms",
    "allauth.mfa": "allauth.mfa.base.forms",
}
OTP = ["django_otp", "django_otp.plugins.otp_totp", "django_otp.plugins.otp_static"]
APPS = {
    "django-otp": OTP,
    "two-factor": [*OTP, "two_factor"],
    "allauth.mfa": ["allauth", "allauth.account", "allauth.mfa"],
}
MIDDLEWARE = {
    "django-otp": "django_otp.middleware.OTPMiddleware",
    "two-factor": "django_otp.middleware.OTPMiddleware",
    "allauth.mfa": "allauth.account.middleware.AccountMiddleware",
}
MODEL_BACKEND, ALLAUTH_BACKEND = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
MEMORY = {"BACKEND": "passwordless_otp.messaging.backends.memory.MemoryBackend"}
SECOND = "/second-factor/"
JANE, JOE = "jane@example.com", "joe@example.com"  # Jane has a second factor


def configure(package, folder):
    """Set the project up, in memory. It wraps requests in transactions, which `complete` does not allow."""
    [form] = blocks(PAGE, "html")
    (folder / "second_factor.html").write_text(form.text)
    settings.configure(
        SECRET_KEY="tests only",
        ALLOWED_HOSTS=["testserver"],
        USE_TZ=True,
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:", "ATOMIC_REQUESTS": True}
        },
        INSTALLED_APPS=[*shared.INSTALLED_APPS, *APPS[package]],
        MIDDLEWARE=[*shared.MIDDLEWARE, MIDDLEWARE[package]],
        TEMPLATES=[{**shared.TEMPLATES[0], "DIRS": [folder]}],
        AUTHENTICATION_BACKENDS=[MODEL_BACKEND, *([ALLAUTH_BACKEND] if package == "allauth.mfa" else [])],
        ROOT_URLCONF=__name__,
        STATIC_URL="/static/",
        LOGIN_URL="/auth/sign-in/",
        LOGIN_REDIRECT_URL="/",
        PASSWORDLESS_OTP={"DELIVERY": {"email": [MEMORY], "sms": [MEMORY]}, "DISPATCH": "blocking"},
    )
    django.setup()


def recipe(package):
    """Run the block of this package as the module `mysite`, and route its view."""
    module = sys.modules["mysite"] = ModuleType("mysite")
    [block] = [block for block in blocks(PAGE, "python") if f"from {MARKS[package]} " in block.text]
    exec(compile(block.text, block.place, "exec"), vars(module))
    theirs = {"two-factor": [("", "two_factor.urls")], "allauth.mfa": [("accounts/", "allauth.urls")]}
    globals()["urlpatterns"] = [
        path("auth/", include("passwordless_otp.urls")),
        path("second-factor/", module.second_factor, name="second_factor"),
        *[path(prefix, include(import_module(name).urlpatterns)) for prefix, name in theirs.get(package, [])],
    ]


def enrol(package, user):
    """Give the user an authenticator app; return a function that makes its codes."""
    if package == "allauth.mfa":
        from allauth.mfa.totp.internal import auth

        secret = auth.generate_totp_secret()
        auth.TOTP.activate(user, secret)

        def current():
            cache.clear()  # a code is taken once
            return auth.format_hotp_value(auth.hotp_value(secret, int(time.time()) // 30))

        return current, {"name": "code"}
    from django_otp.oath import totp
    from django_otp.plugins.otp_totp.models import TOTPDevice

    device = TOTPDevice.objects.create(user=user, name="default", tolerance=2)
    steps = iter([-1, 0, 1])

    def code():
        TOTPDevice.objects.get().throttle_reset()
        return f"{totp(device.bin_key, drift=next(steps)):06}"

    return code, {"name": "otp_token", "otp_device": device.persistent_id}


def post(visitor, typed, code):
    """Post the form of the second factor."""
    fields = {name: value for name, value in typed.items() if name != "name"}
    return visitor.post(SECOND, {**fields, typed["name"]: code})


def main(package):
    """Go through it. An assertion that fails ends the process with its traceback."""
    with tempfile.TemporaryDirectory() as folder:
        configure(package, Path(folder))
        recipe(package)
        walk(package)
    print(Path(passwordless_otp.__file__).parent)
    print("asked, refused, let in")


def meet_no_step(proven):
    """Sign in a user of the site's own, and sign up a new one: neither has a second factor."""
    from django.contrib.auth import get_user_model

    from passwordless_otp.messaging.backends import memory
    from passwordless_otp.testing.journeys import PageJourney

    old = get_user_model().objects.create_user("old", "old@example.com", "secret")
    page = PageJourney()
    assert proven(page, old.email)["Location"] == "/"
    assert page.signed_in == str(old.pk)
    page = PageJourney()
    page.sign_up(email_address="new@example.com")
    assert page.attempt(memory.sent[-1].code)["Location"] == "/"
    assert page.signed_in == str(get_user_model().objects.get(email="new@example.com").pk)


def walk(package):
    from django.contrib.auth import get_user_model
    from django.core import checks
    from django.core.management import call_command

    from passwordless_otp.messaging.backends import memory
    from passwordless_otp.models import Identifier
    from passwordless_otp.testing.journeys import ApiJourney, PageJourney

    call_command("migrate", verbosity=0)
    for value in [JANE, JOE]:
        user = get_user_model().objects.create_user(value, value)
        Identifier.objects.create(user=user, kind="email_address", value=value)
    code_of, typed = enrol(package, get_user_model().objects.get(username=JANE))

    def proven(visitor, who):
        visitor.sign_in(who, *(["email_code"] if isinstance(visitor, ApiJourney) else []))
        return visitor.attempt(memory.sent[-1].code)

    # Without BEFORE_LOGIN the code is enough, and the check says so.
    page = PageJourney()
    assert proven(page, JANE)["Location"] == "/"
    assert page.signed_in
    assert "passwordless_otp.W020" in {found.id for found in checks.run_checks()}

    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "BEFORE_LOGIN": "mysite.before_login"}
    assert not [found for found in checks.run_checks() if found.id.startswith("passwordless_otp.")]
    page = PageJourney()
    assert proven(page, JOE)["Location"] == "/"  # who has no second factor
    assert page.signed_in

    meet_no_step(proven)
    page = PageJourney()
    assert page.get(SECOND)["Location"] == "/auth/sign-in/"
    assert proven(page, JANE)["Location"] == SECOND
    assert typed["name"] in page.get(SECOND).content.decode()
    assert post(page, typed, "000000").status_code == 200
    assert page.signed_in is None
    answer = post(page, typed, code_of())
    assert (answer.status_code, answer["Location"]) == (302, "/"), answer.content.decode()
    assert page.signed_in == str(get_user_model().objects.get(username=JANE).pk)
    marks = {"allauth.mfa": "account_authentication_methods"}
    assert page.session[marks.get(package, "otp_device_id")]

    api = ApiJourney()
    answer = proven(api, JANE)
    assert (answer.status_code, answer.json()["meta"]) == (403, {"redirect_url": SECOND})
    assert api.signed_in is None
    assert post(api.http, typed, code_of()).status_code == 302
    assert api.signed_in


if __name__ == "__main__":
    sys.modules["tests.projects.second_factor"] = sys.modules["__main__"]
    main(sys.argv[1])
