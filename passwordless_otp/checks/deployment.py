"""Checks with `--deploy`: settings for development, and how requests and cookies reach the site."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, cast

from django.apps import apps
from django.conf import settings as site
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as AnyDatabaseError

from passwordless_otp import conf
from passwordless_otp.checks.findings import error, warning
from passwordless_otp.checks.settings import check_settings
from passwordless_otp.identifiers import Kind
from passwordless_otp.messaging import routes
from passwordless_otp.messaging.backends.email import EmailBackend
from passwordless_otp.models import InstanceSettings, restrictions
from passwordless_otp.rate_limits.code_strength import SHORT, UNGUESSABLE

FOR_DEVELOPMENT = {f"{conf.BACKENDS}.{name}Backend" for name in ["console.Console", "memory.Memory"]}
# Of Django's own: each prints, keeps or drops what it is given.
UNSENT = {f"django.core.mail.backends.{name}.EmailBackend" for name in ["console", "dummy", "filebased"]}
LOCAL = {"", "localhost", "127.0.0.1", "::1"}
SIGNED_COOKIES = "django.contrib.sessions.backends.signed_cookies"
PROXY_SETTINGS = ["SECURE_PROXY_SSL_HEADER", "USE_X_FORWARDED_HOST", "USE_X_FORWARDED_PORT"]


def check_deployment(**_: Any) -> list[CheckMessage]:
    """Look for settings that are for development only. If `check_settings` finds anything, return nothing."""
    if check_settings():
        return []
    found = [*_check_public_url(), *_check_hosts(), *_check_delivery(), *_check_code_length(), *_check_dispatch()]
    instance = _instance_settings()
    return found if instance is None else [*found, *_check_instance_settings(instance)]


def check_transport(**_: Any) -> list[CheckMessage]:
    """Look at proxies, cookies and HTTPS. If `check_settings` finds anything, return nothing."""
    if check_settings():
        return []
    return [*_check_proxies(), *_check_cookies(), *_check_https()]


def _check_public_url() -> Iterator[CheckMessage]:
    if not conf.get("PUBLIC_URL"):
        text = "PUBLIC_URL is not set: messages have no links, and phones can't fill in a code from an SMS."
        yield warning("W002", text, "Set it to the address that visitors see, such as 'https://example.com'.")


def _check_hosts() -> Iterator[CheckMessage]:
    """Look for a site that has several hosts, and one PUBLIC_URL."""
    hosts = _hosts()
    if len(hosts) > 1 and conf.public_origin():
        text = f"PUBLIC_URL is one address, but the database names {len(hosts)} hosts, such as {min(hosts)!r}: "
        text += "messages of all of them link to that address, and phones fill in codes from an SMS there only."
        yield warning("W017", text, "Set PUBLIC_URL to the dotted path of a function that takes a host.")


def _hosts() -> set[str]:
    """Return the hosts that django.contrib.sites or django-tenants has in the database, at most ten of each."""
    names, settings = set(), cast(Any, site)
    domains = [(apps.is_installed("django.contrib.sites"), "sites.Site")]
    if apps.is_installed("django_tenants"):
        domains += [(not hasattr(site, "TENANT_SUBFOLDER_PREFIX"), settings.TENANT_DOMAIN_MODEL)]
    for is_used, model in domains:
        with suppress(AnyDatabaseError, ImproperlyConfigured):  # no table yet
            hosts = apps.get_model(model)._default_manager.order_by("pk") if is_used else []
            names |= {str(each.domain) for each in hosts[:10]}
    return names


def _check_delivery() -> Iterator[CheckMessage]:
    settings = _instance_settings() or InstanceSettings()
    for kind in [kind for kind in Kind if settings.offers(kind)]:
        for path in {entry["BACKEND"] for entry in conf.chain(kind.channel)} & FOR_DEVELOPMENT:
            name = f"DELIVERY[{kind.channel!r}]"
            text = f"{name} uses {path}, which is for development: visitors don't get their codes."
            yield error("E006", text, f"Name a provider in {name}.")
    if settings.offers(Kind.EMAIL_ADDRESS):
        for provider in routes.providers_of(Kind.EMAIL_ADDRESS.channel):
            backend = provider.backend()
            if isinstance(backend, EmailBackend):
                yield from _check_mail(backend.route())


def _check_mail(route: str) -> Iterator[CheckMessage]:
    """Look at where Django hands emails over."""
    host, colon, _port = route.rpartition(":")
    if not route or route in UNSENT:
        what = f"name {route}, which is for development" if route else "name nothing that sends emails"
        hint = "Set EMAIL_BACKEND and EMAIL_HOST, or MAILERS from Django 6.1 on."
        yield error("E006", f"Django's mail settings {what}: visitors don't get their codes.", hint)
    elif colon and host in LOCAL:
        text = f"Emails go to a mail server on the site's own machine, {route}. Without one nobody gets a code."
        hint = "Set EMAIL_HOST, or the host in MAILERS. If a mail server runs there, silence this warning."
        yield warning("W016", text, hint)


def _check_code_length() -> Iterator[CheckMessage]:
    """Look for channels of which no provider can carry the longest code."""
    settings = _instance_settings() or InstanceSettings()
    for channel in [kind.channel for kind in Kind if settings.offers(kind)]:
        longest, name = conf.longest_code(channel), f"DELIVERY[{channel!r}]"
        if not 0 < longest < UNGUESSABLE.length:
            continue
        follows = f"after many wrong codes they have {longest} characters instead of {UNGUESSABLE.length}."
        if longest < SHORT.length:
            follows = f"codes have at least {SHORT.length}, so none is sent."
        text = f"No provider in {name} can carry a code of more than {longest} characters: {follows}"
        hint = f"Name another provider in {name} that takes codes of any length. Silence this warning if "
        yield warning("W021", text, f"{hint}codes of {longest} characters are enough for your site.")


def _check_dispatch() -> Iterator[CheckMessage]:
    if conf.get("DISPATCH") == "blocking":
        text = "DISPATCH is 'blocking': answers wait for the provider, and their time reveals who has an account."
        yield error("E006", text, "Use 'thread' or a task queue.")
    if conf.get("DISPATCH") == "tasks":
        yield from _check_task_backend()


def _check_task_backend() -> Iterator[CheckMessage]:
    from passwordless_otp.messaging import tasks

    backend = type(tasks.deliver.get_backend()).__name__
    if backend in {"ImmediateBackend", "DummyBackend"}:
        text = f"DISPATCH is 'tasks', but the backend in TASKS is {backend}, which is for development."
        hint = "Name a backend with a worker in TASKS, such as 'django_tasks_db.DatabaseBackend'."
        yield error("E006", text, hint)


def _check_instance_settings(settings: InstanceSettings) -> Iterator[CheckMessage]:
    if settings.test_mode:
        text = "Test mode is on: anybody who knows a test address and its code can sign in."
        yield warning("W003", text, "Turn test mode off in the instance settings.")
    if settings.block_disposable and not restrictions.disposable_list_installed():
        text = "“Refuse disposable addresses” is on, but the list of them is not installed: none is refused."
        hint = "Install passwordless_otp[disposable], or turn it off in the instance settings."
        yield warning("W013", text, hint)
    if settings.offers(Kind.PHONE_NUMBER) and not settings.sms_countries:
        text = "SMS codes are on, but no country is open: nobody can sign up with a phone number."
        yield warning("W009", text, "Choose countries in the instance settings, or turn SMS codes off.")


def _instance_settings() -> InstanceSettings | None:
    """Return the instance settings, or `None` if there is no database or no table yet."""
    try:
        return InstanceSettings.current()
    except (AnyDatabaseError, ImproperlyConfigured):
        return None


def _check_proxies() -> Iterator[CheckMessage]:
    names = [name for name in PROXY_SETTINGS if getattr(site, name)]
    if names and not conf.get("TRUSTED_PROXIES"):
        text = f"{names[0]} is set, so the site is behind a proxy, but TRUSTED_PROXIES is 0: "
        text += "all visitors share the rate limits of the proxy's address."
        yield warning("W010", text, "Set TRUSTED_PROXIES to the number of your proxies.")


def _check_cookies() -> Iterator[CheckMessage]:
    if not site.SESSION_COOKIE_SECURE and site.SESSION_ENGINE == SIGNED_COOKIES:
        text = "SESSION_COOKIE_SECURE is off and sessions are kept in signed cookies: "
        text += "whoever reads such a cookie on the network has a session that no sign-out ends."
        yield error("E010", text, "Set SESSION_COOKIE_SECURE = True.")
    used = {"SESSION_COOKIE_SECURE": True, "CSRF_COOKIE_SECURE": not site.CSRF_USE_SESSIONS}
    insecure = [name for name, is_used in used.items() if is_used and not getattr(site, name)]
    if insecure:
        names, verb = " and ".join(insecure), "is" if len(insecure) == 1 else "are"
        text = f"{names} {verb} off: browsers send these cookies without HTTPS, too."
        yield warning("W011", text, f"Set {names} to True. The app's own cookie follows SESSION_COOKIE_SECURE.")


def _check_https() -> Iterator[CheckMessage]:
    if conf.public_origin().startswith("http:"):
        text = "PUBLIC_URL starts with http: phones don't fill in a code from an SMS on such a site."
        yield warning("W012", text, "Serve the site by HTTPS and set PUBLIC_URL to 'https://…'.")
