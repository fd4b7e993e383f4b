"""Where a visitor goes next; never to another site."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.models import AbstractBaseUser
from django.db import router
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_variables

from passwordless_otp import clients
from passwordless_otp.clients import Client
from passwordless_otp.errors import TransferRequired, ValueInvalid
from passwordless_otp.flows import factors, sign_in, sign_up
from passwordless_otp.flows.factors import Factor
from passwordless_otp.identifiers import Strategy
from passwordless_otp.models import Flow, Identifier, InstanceSettings
from passwordless_otp.models.flows import Purpose
from passwordless_otp.pages import forms


class SeeOther(HttpResponseRedirect):
    """After a POST, get this (RFC 9110 §15.4.4)."""

    status_code = 303


def next_path(request: HttpRequest) -> str:
    """Return the place on this site that the visitor was on her way to, or an empty string."""
    typed = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME) or ""
    place = forms.encodable(typed)
    here = {request.get_host()}
    return place if url_has_allowed_host_and_scheme(place, here, require_https=request.is_secure()) else ""


def after_sign_in(request: HttpRequest) -> str:
    """Return where somebody who is signed in goes on to."""
    return next_path(request) or resolve_url(settings.LOGIN_REDIRECT_URL)


def page_path(request: HttpRequest, name: str, **query: str) -> str:
    """Return the path of one of our pages, which keeps in mind where the visitor was going."""
    namespace = request.resolver_match.namespace if request.resolver_match else "passwordless_otp"
    return with_next(request, reverse(f"{namespace}:{name}"), **query)


def with_next(request: HttpRequest, path: str, **query: str) -> str:
    """Add to a path where the visitor was going."""
    place = next_path(request)
    kept = {**query, REDIRECT_FIELD_NAME: place} if place else query
    return f"{path}?{urlencode(kept)}" if kept else path


def typed_factor(flow: Flow) -> tuple[Strategy, str]:
    """Return the strategy and the id of the factor that was typed: of several it is the one meant."""
    factor = Factor(flow.identifiers[0], True)
    return factor.strategy, factor.id(flow)


def chosen_factor(flow: Flow, name: str) -> tuple[Strategy, str]:
    """Return the strategy and the id of the factor of this name. Raises `ValueInvalid`."""
    for factor in factors.offered(InstanceSettings.current(), flow):
        if factor.id(flow) == name:
            return factor.strategy, name
    raise ValueInvalid("send")


@sensitive_variables("code")
def attempt_sign_in(request: HttpRequest, flow: Flow, strategy: Strategy, code: str) -> Flow:
    """Hand in the code. Where nobody has the identifier, a sign-up goes on from it at once.

    Raises what `sign_in.attempt` and `sign_up.create` do.
    """
    client = clients.current(request)
    try:
        with clients.attempting(request):
            return sign_in.attempt(client.settings, flow, client.visitor, strategy, code)
    except TransferRequired:
        current = client.flows.get(Purpose.SIGN_UP)
        return sign_up.create(client.settings, current, client.visitor, {}, transfer=True)


def save_sign_up(client: Client, given: dict[str, str], afresh: bool) -> Flow:
    """Go on with the sign-up in which something is proven, unless `afresh`; else open one."""
    current = client.flows.get(Purpose.SIGN_UP)
    if current and proven_values(current) and not afresh:
        return sign_up.update(client.settings, current, client.visitor, given)
    return sign_up.create(client.settings, current, client.visitor, given)


def go_on(request: HttpRequest, flow: Flow) -> SeeOther:
    """Log in if the flow is complete; else ask for what the sign-up lacks, or send its next code."""
    client = clients.current(request)
    client.keep(flow)
    if flow.user is not None:
        clients.log_in(request, flow)
        return SeeOther(after_sign_in(request))
    settings = client.settings
    pending = sign_up.unverified(settings, flow)
    if sign_up.missing(settings, flow) or not pending:
        return SeeOther(page_path(request, "sign_up"))
    sign_up.prepare(settings, flow, client.visitor, pending[0].kind.strategy)
    return SeeOther(page_path(request, "sign_up_verify"))


def proven_values(flow: Flow | None) -> dict[str, str]:
    """Return the identifiers of this open flow that are proven."""
    if flow is None or flow.abandoned:
        return {}
    verified = flow.verified
    return {identifier.kind.value: identifier.value for identifier in flow.identifiers if identifier in verified}


def display_name(user: Any) -> str:
    """Return her name, else what she signs in with: login names may be random."""
    full = user.get_full_name() if hasattr(user, "get_full_name") else ""
    return str(full or _identifier(user) or user.get_username())


def _identifier(user: AbstractBaseUser) -> str:
    own = Identifier.objects.using(router.db_for_write(Identifier)).filter(user_id=user.pk)
    return own.order_by("-primary", "kind").values_list("value", flat=True).first() or ""
