"""Checks of `settings.PASSWORDLESS_OTP`. None quotes OPTIONS, PUBLIC_URL or an exception: they may be secret."""

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.forms import BaseForm, Field, FileField
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch
from django.utils.module_loading import import_string

from passwordless_otp import conf, existing_users, links, tokens
from passwordless_otp.checks.findings import error, warning
from passwordless_otp.flows import sign_up
from passwordless_otp.identifiers import Kind
from passwordless_otp.messaging import routes
from passwordless_otp.messaging.backends.base import Backend

CHANNELS = [kind.channel for kind in Kind]
ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[^\s/\\?#@:\[\]]+)(:[0-9]+)?/?", re.IGNORECASE)
# Settings that name a function → the values that are no dotted path.
FUNCTIONS = {
    "DISPATCH": ["thread", "blocking", "tasks"],
    "CREATE_USER": [],
    "BOT_CHECK": [""],
    "SIGN_UP_FORM": [""],
    "BEFORE_LOGIN": [""],
    "MAY_SIGN_IN": [""],
}
# Settings that name a URL.
URLS = ["OTHER_LOGIN_URL"]
# What a form of the site's own can't call a field: CREATE_USER and the sign-up page have these names already.
TAKEN = {*Kind.values, *sign_up.NAMES, "next", "new", "csrfmiddlewaretoken"}


def check_settings(**_: Any) -> list[CheckMessage]:
    """Look at the keys and values of `settings.PASSWORDLESS_OTP`."""
    if not isinstance(conf.given(), Mapping):
        return [error("E001", "PASSWORDLESS_OTP is not a dictionary.", "Write PASSWORDLESS_OTP = {…}.")]
    return [
        *_check_keys(),
        *_check_public_url(),
        *_check_proxies(),
        *_check_delivery(),
        *_check_functions(),
        *_check_form(),
        *_check_choice(),
        *_check_signing_key(),
    ]


def check_urls(**_: Any) -> Iterator[CheckMessage]:
    """Look for settings that name a URL which does not exist."""
    for name in URLS if isinstance(conf.given(), Mapping) else []:
        try:
            resolve_url(conf.get(name) or "/")
        except NoReverseMatch:
            text = f"{name} names no URL pattern, so no page that links to it can be shown."
            yield error("E014", text, "Set it to the name of a URL pattern of your site, a path or a URL.")


def check_webhooks(**_: Any) -> list[CheckMessage]:
    """Look for providers that could report the delivery of messages, but don't know where to."""
    if check_settings() or conf.get("PUBLIC_URL"):
        return []
    names = {provider.backend().webhook for channel in CHANNELS for provider in routes.providers_of(channel)}
    text = "PUBLIC_URL is not set, so {!r} is not told where to report: messages stay 'sent'."
    hint = "Set it to the address that visitors see, such as 'https://example.com'."
    return [warning("W007", text.format(name), hint) for name in sorted(names) if name and _is_routed(name)]


def _check_keys() -> Iterator[CheckMessage]:
    for name in set(conf.given()) - set(conf.DEFAULTS):
        near = difflib.get_close_matches(str(name).upper(), conf.DEFAULTS, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Use one of these keys: {', '.join(conf.DEFAULTS)}."
        yield error("E001", f"PASSWORDLESS_OTP has an unknown key {name!r}, which is not used.", hint)


def _check_public_url() -> Iterator[CheckMessage]:
    given = conf.get("PUBLIC_URL")
    if given != "" and not _is_origin(given) and not (conf.has_many_origins() and _is_callable(given)):
        text = "PUBLIC_URL is not scheme and host, nor a function: links in messages would not work."
        hint = (
            "Write http or https, the host and, if needed, a port: 'https://example.com'. Or the dotted path of "
        )
        yield error("E008", text, f"{hint}a function that takes a host and returns such an address.")


def _is_origin(text: Any) -> bool:
    if not isinstance(text, str) or not ORIGIN.fullmatch(text):
        return False
    try:
        return urlsplit(text).port != 0
    except ValueError:  # a port above 65535, or brackets without an IPv6 address
        return False


def _check_proxies() -> Iterator[CheckMessage]:
    given = conf.get("TRUSTED_PROXIES")
    if type(given) is not int or given < 0:
        text = "TRUSTED_PROXIES is not a number: the addresses of visitors can't be read."
        yield error("E009", text, "Set it to the number of proxies that every request passes: 0, 1, 2 …")


def _check_choice() -> Iterator[CheckMessage]:
    given, choices = (
        conf.get("EXISTING_USERS"),
        [existing_users.LINK, existing_users.TRUST, existing_users.REFUSE],
    )
    if given not in choices:
        text = f"EXISTING_USERS is {given!r}: users who are known by their email field are refused."
        yield error("E021", text, f"Set it to one of {', '.join(map(repr, choices))}.")


def _check_delivery() -> Iterator[CheckMessage]:
    chosen = conf.get("DELIVERY")
    if not isinstance(chosen, Mapping):
        text = "DELIVERY is not a dictionary: no message can be sent."
        yield error("E003", text, "Map each channel to a list of providers.")
        return
    for channel in [name for name in chosen if name not in CHANNELS]:
        text = f"DELIVERY has an unknown channel {channel!r}, which is not used."
        yield error("E003", text, f"Use {' and '.join(CHANNELS)}.")
    for channel in CHANNELS:
        yield from _check_chain(channel, chosen.get(channel, conf.DEFAULTS["DELIVERY"][channel]))


def _check_chain(channel: str, chain: Any) -> Iterator[CheckMessage]:
    if not isinstance(chain, list | tuple) or not chain or not all(map(_is_entry, chain)):
        text = f"DELIVERY[{channel!r}] is not a list of providers: its messages can't be sent."
        hint = "Write [{'BACKEND': dotted path, 'OPTIONS': its keyword arguments}], the first choice first."
        yield error("E003", text, hint)
        return
    for entry in chain:
        yield from _check_provider(channel, entry)


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, Mapping)
        and set(entry) <= {"BACKEND", "OPTIONS"}
        and isinstance(entry.get("BACKEND"), str)
        and isinstance(entry.get("OPTIONS", {}), Mapping)
    )


def _check_provider(channel: str, entry: Any) -> Iterator[CheckMessage]:
    path = entry["BACKEND"]
    try:
        backend: Any = routes.build_backend(entry)
    except Exception as raised:
        given = ", ".join(map(str, entry.get("OPTIONS", {}))) or "none"
        text = f"DELIVERY[{channel!r}]: {path} can't be created ({type(raised).__name__})."
        yield error("E002", text, f"Check the path and the names in OPTIONS (given: {given}).")
        return
    if not isinstance(backend, Backend):
        text = f"DELIVERY[{channel!r}]: {path} is not a delivery backend."
        yield error("E002", text, "Derive it from passwordless_otp.messaging.backends.base.Backend.")


def _check_signing_key() -> Iterator[CheckMessage]:
    """Look at the key of session tokens. Its own words quote nothing of it."""
    if not conf.get("JWT_PRIVATE_KEY"):
        return
    try:
        tokens.signing_key()
    except ImproperlyConfigured as raised:
        hint = "Write a key with `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048`, all its lines."
        yield error("E020", f"Session tokens can't be signed. {raised}", hint)
    except TypeError:  # of a value that can't be cached, such as a list
        yield error("E020", "JWT_PRIVATE_KEY is not a string.", "Set it to a key in PEM format, all its lines.")


def _check_functions() -> Iterator[CheckMessage]:
    for name, words in FUNCTIONS.items():
        path = conf.get(name)
        if path == "tasks" and path in words:
            yield from _check_task_queue()
        elif path not in words and not _is_callable(path):
            hint = " or ".join([*map(repr, words), "the dotted path of a function"])
            yield error("E004", f"{name} names nothing that can be called.", f"Set it to {hint}.")


def _check_form() -> Iterator[CheckMessage]:
    path = conf.get("SIGN_UP_FORM")
    if not path or not _is_callable(path):
        return
    form: Any = import_string(path)
    if not (isinstance(form, type) and issubclass(form, BaseForm)):
        yield error("E004", "SIGN_UP_FORM names no form.", "Set it to the dotted path of a class of forms.Form.")
        return
    fields: dict[str, Field] = vars(form)["base_fields"]
    if taken := sorted(TAKEN.intersection(fields)):
        text = f"SIGN_UP_FORM has fields whose names the sign-up page uses itself: {', '.join(taken)}."
        yield error("E004", text, "Rename them, or turn the app's own fields on in the instance settings.")
    files = [name for name, field in fields.items() if isinstance(field, FileField)]
    if files:
        text = f"SIGN_UP_FORM asks for files, which a sign-up can't keep: {', '.join(files)}."
        yield error("E004", text, "Ask for them after the sign-up.")


def _check_task_queue() -> Iterator[CheckMessage]:
    try:
        import_string("passwordless_otp.messaging.tasks.deliver")
    except Exception as raised:
        text = f"DISPATCH is 'tasks', but there is no task queue ({type(raised).__name__})."
        yield error("E004", text, "Use Django 6.0 or later, or install django-tasks. Check TASKS.")


def _is_callable(path: Any) -> bool:
    try:
        return callable(import_string(path))
    except Exception:
        return False


def _is_routed(name: str) -> bool:
    try:
        links.path(name, UUID(int=0))
    except NoReverseMatch:
        return False
    return True
