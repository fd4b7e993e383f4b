"""The whole document, as YAML. It describes the calls on the site of `tools.site`."""

import os
from pathlib import Path
from typing import Any

import django
import yaml

PATH = Path(__file__).resolve().parents[2] / "docs/openapi.yaml"
HEAD = "# Made from the code by `python -m tools.openapi`. Do not change it by hand.\n"
HOOKS = ["override_methods", "link", "drop_unused"]
DESCRIPTION = (
    "Sign-up and sign-in with one-time codes. docs/api.md tells how the calls go together, and docs/mobile.md "
    "how an app makes them without cookies, with `?_is_native=1`."
)


def build() -> Any:
    """Return the document as plain dicts and lists."""
    from drf_spectacular.settings import patched_settings

    from passwordless_otp.api import urls
    from tools.openapi.generator import Generator

    with patched_settings(options()):
        return plain(Generator(patterns=urls.urlpatterns).get_schema(request=None, public=True))


def text() -> str:
    """Return the content of the file."""
    style: dict[str, Any] = {"sort_keys": False, "default_flow_style": None, "allow_unicode": True, "width": 110}
    return HEAD + str(yaml.safe_dump(build(), **style))


def options() -> dict[str, Any]:
    """Return the settings of drf-spectacular, with all that is not a call."""
    from django.conf import settings

    from passwordless_otp import clients
    from tools.openapi import refusals, resources

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
        "PREPROCESSING_HOOKS": ["tools.openapi.generator.documented"],
        "POSTPROCESSING_HOOKS": [f"tools.openapi.generator.{name}" for name in HOOKS],
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


def plain(value: Any) -> Any:
    """Return a copy that has no subclasses of `dict` and `str` and no aliases: YAML would mark them."""
    if isinstance(value, dict):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, str) else value


def write() -> None:
    """Set up Django and write the file."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tools.site.settings")
    django.setup()
    PATH.write_text(text())
