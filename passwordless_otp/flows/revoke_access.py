"""Revoke access, by “It was not me” in a security notice: end what somebody else has begun in a user's name."""

from typing import Any

from passwordless_otp import events, links, users
from passwordless_otp.errors import ResourceNotFound
from passwordless_otp.flows import lifecycle
from passwordless_otp.models import Flow, Message, base
from passwordless_otp.models.flows import Status


def find_notice(token: str) -> Message:
    """Return the notice whose link this is. Raises `ResourceNotFound` for one that is too old or not ours."""
    notices = Message.objects.select_related("user", "flow")
    notice: Message | None = notices.filter(pk=links.notice_id(token), user__isnull=False).first()
    if notice is None:
        raise ResourceNotFound
    return notice


def revoke(notice: Message) -> Message:
    """End the user's sessions and open flows, and recognise none of their browsers. Only the first time."""
    user: Any = notice.user
    ended = _end_all(user, notice)
    if ended is not None:
        events.sessions_ended(user, notice, complete=ended)
    return notice


@base.retry_on_conflict
def _end_all(user: Any, notice: Message) -> bool | None:
    """Return whether all sessions have ended; `None` if this notice was answered before.

    Flows before sessions: a sign-in that is under way is either ended here, or begins its session under the
    password that is about to be replaced.
    """
    with base.durable(Flow):
        if not Message.objects.deny(notice.pk):
            return None
        lifecycle.end_all_of(user)
        Flow.objects.filter(user=user, status=Status.COMPLETE).update(client="", moved_from="")
        return users.end_sessions(user)
