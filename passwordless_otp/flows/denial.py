"""“It was not me”: end what somebody else may have begun in a user's name."""

import logging
from typing import Any

from passwordless_otp import links, signals, users
from passwordless_otp.errors import ResourceNotFound
from passwordless_otp.flows import opening, transactions
from passwordless_otp.models import Flow, Message
from passwordless_otp.models.flows import Status

logger = logging.getLogger("passwordless_otp.flows")


def find(token: str) -> Message:
    """Return the notice whose link this is. Raises `ResourceNotFound` for one that is too old or not ours."""
    notices = Message.objects.select_related("user", "flow")
    notice: Message | None = notices.filter(pk=links.notice_id(token), user__isnull=False).first()
    if notice is None:
        raise ResourceNotFound
    return notice


def deny(notice: Message) -> Message:
    """End the user's sessions and open flows, and recognise none of her browsers. Only the first time.

    Flows before sessions: a sign-in that is underway is either ended here, or begins its session under the
    password that is about to be replaced.
    """

    user: Any = notice.user

    def step() -> tuple[bool, bool]:
        if not Message.objects.deny(notice.pk):
            return False, False
        opening.end_of(user)
        Flow.objects.filter(user=user, status=Status.COMPLETE).update(client="", moved_from="")
        return True, users.end_sessions(user)

    first, complete = transactions.run(step)
    if first:
        what = "" if complete else "; her sessions go on until she changes her password"
        logger.warning("notice %s was denied: ended what user %s had open%s", notice.pk, user.pk, what)
        signals.sessions_ended.send_robust(sender=Message, user=user, complete=complete)
    return notice
