"""What a message says, and what may become of it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class MessageKind(models.TextChoices):
    """What a message says."""

    SIGN_IN = "sign_in", _("code to sign in")
    SIGN_UP = "sign_up", _("code to sign up")
    NO_ACCOUNT = "no_account", _("no account here")
    NOT_ALLOWED = "not_allowed", _("account does not sign in by code")
    NOTICE = "notice", _("notice to the user")

    @property
    def has_code(self) -> bool:
        """Whether it holds a code; the others are notes."""
        return self in {MessageKind.SIGN_IN, MessageKind.SIGN_UP}


class MessageStatus(models.TextChoices):
    """What became of a message."""

    PENDING = "pending", _("pending")
    SENDING = "sending", _("sending")
    SENT = "sent", _("sent")
    DELIVERED = "delivered", _("delivered")
    FAILED = "failed", _("failed")
    UNKNOWN = "unknown", _("may have been sent")
    SUPPRESSED = "suppressed", _("not to be sent")


UNDERWAY = [MessageStatus.PENDING, MessageStatus.SENDING]
TAKEN = [MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.UNKNOWN]  # by a provider, as far as we know
# A status only moves on: what another one may follow. A report can be faster than the answer that it is about.
BEFORE = {
    MessageStatus.PENDING: [MessageStatus.SENDING, MessageStatus.UNKNOWN],  # of a worker that was only slow
    MessageStatus.UNKNOWN: [MessageStatus.SENDING],
    MessageStatus.SUPPRESSED: [MessageStatus.SENDING],
    MessageStatus.SENT: [*UNDERWAY, MessageStatus.UNKNOWN],
    MessageStatus.FAILED: [MessageStatus.SENDING, MessageStatus.UNKNOWN, MessageStatus.SENT],
    MessageStatus.DELIVERED: [*UNDERWAY, MessageStatus.UNKNOWN, MessageStatus.SENT],
}
