"""A saved Message → what a provider is given."""

import math

from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation
from django.views.decorators.debug import sensitive_variables

from passwordless_otp import conf, links
from passwordless_otp.delivery import composing
from passwordless_otp.delivery.backends.base import Backend, Outgoing
from passwordless_otp.models import InstanceSettings, Message
from passwordless_otp.models.messages import MessageKind


@sensitive_variables()
def write(message: Message) -> Outgoing:
    """Derive the code and compose the text, in the message's language. Raises what templates and keys raise."""
    verification = message.verification
    kind = MessageKind(message.kind)
    code = verification.code() if verification is not None and kind.has_code else ""
    end = message.created_at + links.LIFE if verification is None else verification.expires_at
    left = int((end - timezone.now()).total_seconds())
    with translation.override(message.language or None):
        more = _told(message) if verification is None else {}
        text = word(InstanceSettings.current(), kind, message.channel, code, left, **more)
    return Outgoing(
        id=message.pk.hex,
        channel=message.channel,
        to=message.address.value,
        subject=text.subject,
        text=text.body,
        html=text.html,
        code=code,
        seconds_left=left,
    )


@sensitive_variables()
def word(
    settings: InstanceSettings, kind: MessageKind, channel: str, code: str, left: int, **more: object
) -> composing.Text:
    """Say it in the active language, or as the operator does. `left` are seconds of the code's life.

    `more` is what a notice tells: what happened, when, and the link for those who did not do it.
    """
    origin, sign_up = conf.public_origin(), _path("sign_up")
    context = {
        "app": settings.app,
        "code": code,
        "code_in_subject": settings.code_in_subject,
        "domain": conf.public_domain(),
        "minutes": math.ceil(left / 60),
        "sign_up_url": origin + sign_up if origin and sign_up and settings.sign_up_open else "",
        "support_email": settings.support_email,
        **more,
    }
    own = composing.Wording(settings.email_subject, settings.sms_text) if kind.has_code else composing.OURS
    return composing.compose(kind, channel, context, own)


def _told(notice: Message) -> dict[str, object]:
    """Return what this notice tells: nothing that a visitor has typed, and nothing that her browser says."""
    origin, path = conf.public_origin(), _path("not_me", links.token(notice.pk))
    return {
        "added": notice.flow is None,
        "at": notice.happened_at,
        "not_me_url": origin + path if origin and path else "",
    }


def callback_url(message: Message, backend: Backend) -> str:
    """Return where this provider may report on this message; empty where that can't be."""
    path = _path(backend.webhook, message.pk) if backend.webhook else ""
    return conf.public_origin() + path if conf.public_origin() and path else ""


def _path(name: str, *args: object) -> str:
    """Return the path of one of our URLs; empty where the site has not included it."""
    try:
        return reverse(f"passwordless_otp:{name}", args=args)
    except NoReverseMatch:
        return ""
