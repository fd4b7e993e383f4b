"""“It was not me”: end what somebody else may have begun in a user's name."""

from typing import Any

from passwordless_otp import events, links, users
from passwordless_otp.errors import ResourceNotFound
from passwordless_otp.flows import lifecycle
from passwordless_otp.models import Flow, Message, transactions
from passwordless_otp.models.flows import Status


def find_notice(token: str) -> Message:
    """Return the notice whose link this is. Raises `ResourceNotFound` for one that is too old or not ours."""
    notices = Message.objects.select_related("user", "flow")
    notice: Message | None = notices.filter(pk=links.notice_id(token), user__isnull=False).first()
    if notice is None:
        raise ResourceNotFound
    return notice


def revoke(notice: Message) -> Message:
    """End the user's sessions and open flows, and recognise none of her browsers. Only the first time.

    Flows before sessions: a sign-in that is underway is either ended here, or begins its session under the
    password that is about to be replaced.
    """

    user: Any = notice.user

    def step() -> tuple[bool, bool]:
        if not Message.objects.deny(notice.pk):
            return False, False
        lifecycle.end_all_of(user)
        Flow.objects.filter(user=user, status=Status.COMPLETE).update(client="", moved_from="")
        return True, users.end_sessions(user)

    first, complete = transactions.run_step(step)
    if first:
        events.sessions_ended(user, notice, complete)
    return notice
