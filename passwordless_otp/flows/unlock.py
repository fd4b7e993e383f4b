"""The unlock link: a way in for somebody who reads their mail, while strangers use up the limits of an address.

1. `offer` sends the link, once a day, where a limit refuses a code. The last code that a limit lets through may
   have it as well (`Message.has_unlock_link`).
2. `grant` gives the browser that opens the link, and presses its button, messages of its own for an hour
   (`models.UnlockGrant`). It signs nobody in and tells nothing: unknown addresses get the same link.

Programs that scan mail press buttons, too. So a link works in several browsers, and in no more than that.
"""

import logging

from django.db import IntegrityError, router, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from passwordless_otp import conf, links
from passwordless_otp.errors import ResourceNotFound, TooManyRequests, ValueInvalid
from passwordless_otp.identifiers import IdentifierValue, Kind
from passwordless_otp.messaging import dispatch, render
from passwordless_otp.models import InstanceSettings, Message, TestAddress, UnlockGrant, base
from passwordless_otp.models.messages import MessageKind, MessageStatus
from passwordless_otp.rate_limits import rules, throttle, windows
from passwordless_otp.rate_limits.windows import Bucket
from passwordless_otp.visitor import Visitor

logger = logging.getLogger("passwordless_otp.flows")

MAX_GRANTS = 3  # of one link
SCOPE = "unlock_grants"
USED_UP = _("This link has expired, or was used in too many browsers. Ask for a code without it.")


def offer(settings: InstanceSettings, visitor: Visitor, identifier: IdentifierValue) -> None:
    """Send the link to this email address, unless it got one today. Does nothing for a phone number.

    The answer to the visitor does not depend on it, so nothing is raised.
    """
    if identifier.kind != Kind.EMAIL_ADDRESS:
        return
    try:
        _send(settings, visitor, identifier)
    except TooManyRequests:  # a parallel request was faster
        return
    except Exception as error:  # its text may name the address
        logger.error("no unlock link was sent: %s", type(error).__name__)


def _send(settings: InstanceSettings, visitor: Visitor, identifier: IdentifierValue) -> None:
    message = _message(settings, visitor, identifier)
    if not render.unlock_url(message):
        return
    [bucket] = rules.for_unlock_email(settings, identifier)
    # Read first: whoever is refused again reaches this limit each time, and `consume` would report that.
    if not bucket.track_only and windows.totals(bucket)[0] >= bucket.limit:
        return
    with throttle.consuming([bucket]):
        dispatch.save(message)
    dispatch.submit(message)


def _message(settings: InstanceSettings, visitor: Visitor, identifier: IdentifierValue) -> Message:
    is_test = bool(TestAddress.code_for(identifier, settings))
    return Message(
        kind=MessageKind.UNLOCK,
        to=identifier.value,
        channel=identifier.kind.channel,
        status=MessageStatus.SUPPRESSED if is_test else MessageStatus.PENDING,
        asked_by=rules.asked_by(settings, visitor, visitor.group_for(identifier)),
        language=translation.get_language() or "",
        origin=conf.asked_from.get(),
    )


def find(token: str) -> Message:
    """Return the message whose link this is. Raises `ResourceNotFound` for one that is too old or not ours."""
    message_id = links.unlock_message_id(token)
    messages = Message.objects.with_unlock_link().select_related("verification")
    message: Message | None = messages.filter(pk=message_id).first() if message_id else None
    if message is None:
        raise ResourceNotFound
    return message


def grant(settings: InstanceSettings, token: str, visitor: Visitor) -> None:
    """Give the visitor's client a grant for the identifier that the link was sent to.

    A client that holds one of this link keeps it, and counts once. Raises `TooManyRequests`; `ResourceNotFound`
    for a link that is too old, not ours, or used up. Only such a one counts as a step of its source: whoever
    shares an IP address with an attacker can use theirs all the same.
    """
    try:
        _grant(find(token), visitor)
    except ResourceNotFound:
        throttle.count_step(settings, visitor, None)
        raise


def _grant(message: Message, visitor: Visitor) -> None:
    own = UnlockGrant.objects.filter(message=message, client=visitor.client)
    if own.filter(expires_at__gt=timezone.now()).exists():
        return
    try:
        with throttle.consuming([_grants_of(message)]) as limits:
            if limits.consumed.totals[SCOPE] > MAX_GRANTS:
                raise ResourceNotFound
            _save(message, visitor)
    except IntegrityError:  # the button was pressed twice, and the other request was faster
        return


@base.retry_on_conflict
def _save(message: Message, visitor: Visitor) -> None:
    """Save the grant, in place of one that has expired."""
    with transaction.atomic(using=router.db_for_write(UnlockGrant)):
        UnlockGrant.objects.filter(
            message=message, client=visitor.client, expires_at__lte=timezone.now()
        ).delete()
        UnlockGrant.objects.give(message, visitor.client)


def redeem(settings: InstanceSettings, token: str, visitor: Visitor) -> None:
    """Give a grant as `grant` does, for a call of the API. Raises `TooManyRequests`, and `ValueInvalid`."""
    try:
        grant(settings, token, visitor)
    except ResourceNotFound as error:
        raise ValueInvalid("unlock_token", USED_UP) from error


def _grants_of(message: Message) -> Bucket:
    """Return what counts the grants of this link for as long as it works. It refuses nothing: see `grant`."""
    seconds = int(links.UNLOCK_LIFE.total_seconds())
    return Bucket(SCOPE, (message.pk.hex,), MAX_GRANTS, seconds, refuses=False)
