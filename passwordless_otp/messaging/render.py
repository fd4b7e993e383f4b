"""Render a message: its templates, with the code and in the message's language → subject, text and HTML.

The code is derived here and goes no further than into the `Outgoing` that a provider gets. Nothing that a visitor
typed goes into a text, and nothing that their browser says. Links begin with PUBLIC_URL, never with the host of a
request; where it is a function, with what that gave when the message was asked for. Texts that the operator edits
are filled in by `string.Template`, never as Django templates.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from string import Template

from django.template.loader import render_to_string
from django.urls import NoReverseMatch
from django.utils import timezone, translation
from django.views.decorators.debug import sensitive_variables

from passwordless_otp import conf, links, sms
from passwordless_otp.messaging.backends.base import Backend, Outgoing
from passwordless_otp.models import InstanceSettings, Message
from passwordless_otp.models.messages import MessageKind

FOLDER = "passwordless_otp/messages"


@dataclass(frozen=True)
class RenderedText:
    """What one message says. `subject` is one line; it and `html` are empty for an SMS."""

    subject: str
    body: str
    html: str = ""


@dataclass(frozen=True)
class OperatorTexts:
    """The operator's own texts, with the placeholders of `string.Template`. Where one is empty, ours is used."""

    subject: str = ""
    sms: str = ""


DEFAULT_TEXTS = OperatorTexts()


@sensitive_variables()
def render_message(message: Message) -> Outgoing:
    """Return what a provider is given. Raises what templates raise, and `keys.KeyMissing`."""
    verification = message.verification
    kind = MessageKind(message.kind)
    code = verification.code() if verification is not None and kind.has_code else ""
    end = message.created_at + _link_life(message) if verification is None else verification.expires_at
    left = int((end - timezone.now()).total_seconds())
    with translation.override(message.language or None), conf.links_from(message.origin):
        more = _link_context(message) if verification is None or message.has_unlock_link else {}
        text = render_text(InstanceSettings.current(), kind, message.channel, code, left, **more)
    return Outgoing(
        id=message.pk.hex,
        channel=message.channel,
        to=message.identifier.value,
        subject=text.subject,
        text=text.body,
        html=text.html,
        code=code,
        seconds_left=left,
    )


@sensitive_variables()
def render_text(
    settings: InstanceSettings, kind: MessageKind, channel: str, code: str, left: int, **more: object
) -> RenderedText:
    """Render a text in the active language. `left`: the code's life in seconds. `more`: the context of a link."""
    context = {
        "app": settings.app,
        "code": code,
        "code_in_subject": settings.code_in_subject,
        "domain": conf.public_domain(),
        "minutes": math.ceil(left / 60),
        "sign_up_url": _url("sign_up") if settings.sign_up_open else "",
        "support_email": settings.support_email,
        **more,
    }
    own = OperatorTexts(settings.email_subject, settings.sms_text) if kind.has_code else DEFAULT_TEXTS
    return compose(kind, channel, context, own)


def compose(
    kind: str, channel: str, context: dict[str, object], texts: OperatorTexts = DEFAULT_TEXTS
) -> RenderedText:
    """Render the templates of this kind of message with this context, in the active language."""
    if channel == "sms":
        return RenderedText("", _sms(kind, context, texts.sms))
    subject = _fill(texts.subject, context) or _render(kind, "subject.txt", context)
    context = {**context, "subject": " ".join(subject.split())}
    body, html = _render(kind, "body.txt", context), _render(kind, "body.html", context)
    return RenderedText(str(context["subject"]), f"{body}\n", html)


def _sms(kind: str, context: dict[str, object], own: str) -> str:
    """Return the first candidate that fits into one segment; if none does, the last and shortest."""
    domain, code = str(context.get("domain", "")), str(context.get("code", ""))
    bound = ""
    for text in _candidates(kind, context, own):
        line = " ".join(text.split())
        bound = sms.bind(line, domain, code) if code else line
        if sms.segments(bound) == 1:
            break
    return bound


def _candidates(kind: str, context: dict[str, object], own: str) -> Iterator[str]:
    """Yield the operator's text, ours, ours without the site's name, and ours with the least words."""
    if own:
        yield _fill(own, context)
    nameless = {**context, "app": ""}  # the last line of an SMS names the site, too
    for words in [context, nameless, {**nameless, "short": True}]:
        yield _render(kind, "sms.txt", words)


def _fill(own: str, context: dict[str, object]) -> str:
    return Template(own).safe_substitute(context)


def _render(kind: str, name: str, context: dict[str, object]) -> str:
    return render_to_string(f"{FOLDER}/{kind}/{name}", context).strip()


def _link_life(message: Message) -> timedelta:
    return links.UNLOCK_LIFE if message.kind == MessageKind.UNLOCK else links.LIFE


def _link_context(message: Message) -> dict[str, object]:
    if message.kind == MessageKind.SECURITY_NOTICE:
        return {**message.event, "not_me_url": _url("not_me", links.token(message.pk))}
    return {"unlock_url": unlock_url(message)}


def unlock_url(message: Message) -> str:
    """Return the unlock link of this message; empty where there is no PUBLIC_URL, or no page for it."""
    with conf.links_from(message.origin):
        return _url("unlock", links.unlock_token(message.pk))


def callback_url(message: Message, backend: Backend) -> str:
    """Return where this provider may report on this message; empty where it can't."""
    with conf.links_from(message.origin):
        return _url(backend.webhook, message.pk) if backend.webhook else ""


def _url(name: str, *args: object) -> str:
    """Return one of our URLs below PUBLIC_URL; empty without that, or where the site has not included it."""
    origin = conf.public_origin()
    try:
        return origin + links.path(name, *args) if origin else ""
    except NoReverseMatch:
        return ""
