"""The whole document, as YAML."""

import os
from pathlib import Path

import django
import yaml

PATH = Path(__file__).resolve().parents[2] / "docs/openapi.yaml"
HEAD = "# Made from the code by `python -m tests.openapi`. Do not change it by hand.\n"
HOOKS = ["override_methods", "link", "drop_unused"]
DESCRIPTION = "Sign-up and sign-in with one-time codes. docs/api.md tells how the calls go together."


def build():
    """Return the document as plain dicts and lists."""
    from drf_spectacular.settings import patched_settings

    from passwordless_otp.api import urls
    from tests.openapi.generator import Generator

    with patched_settings(options()):
        return plain(Generator(patterns=urls.urlpatterns).get_schema(request=None, public=True))


def text():
    """Return it as the file has it."""
    style = {"sort_keys": False, "default_flow_style": None, "allow_unicode": True, "width": 110}
    return HEAD + yaml.safe_dump(build(), **style)


def options():
    from django.conf import settings

    from passwordless_otp import clients
    from tests.openapi import refusals, resources

    cookies = {
        "client": (clients.cookie_name(), "The browser. Create sets it; every right code gives it a new value."),
        "session": (settings.SESSION_COOKIE_NAME, "Django's session, from the login on."),
    }
    return {
        "TITLE": "passwordless_otp",
        "VERSION": "1",
        "OAS_VERSION": "3.1.1",
        "DESCRIPTION": DESCRIPTION,
        "SERVERS": [{"url": "/auth", "description": "Where the site has included the URLs."}],
        "COMPONENT_SPLIT_PATCH": False,
        "SORT_OPERATIONS": False,
        "PREPROCESSING_HOOKS": ["tests.openapi.generator.documented"],
        "POSTPROCESSING_HOOKS": [f"tests.openapi.generator.{name}" for name in HOOKS],
        "APPEND_COMPONENTS": {
            "schemas": {**resources.schemas(), **refusals.schemas()},
            "responses": refusals.alone(),
            "headers": {
                "CacheControl": {"required": True, "schema": {"const": "no-store"}},
                "RetryAfter": {
                    "required": True,
                    "schema": {"type": "integer", "minimum": 1},
                    "description": "Seconds.",
                },
            },
            "securitySchemes": {
                name: {"type": "apiKey", "in": "cookie", "name": cookie, "description": description}
                for name, (cookie, description) in cookies.items()
            },
        },
    }


def plain(value):
    """Return this without subclasses of dict and str, which YAML would write as such, and without aliases."""
    if isinstance(value, dict):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, str) else value


def write():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    PATH.write_text(text())
