"""Email through Django's own mail, and so through every provider that the site's mail settings can name."""

import smtplib
import socket
from typing import Any

from django.core import mail

from passwordless_otp.delivery.backends.base import (
    Backend,
    DeliveryError,
    Outgoing,
    Receipt,
    Refused,
    Unavailable,
    Unclear,
)

PERMANENT = 500  # SMTP replies from here on are final (RFC 5321 §4.2.1)


class EmailBackend(Backend):
    """Send through Django.

    `using` names one of the site's MAILERS (Django ≥ 6.1) or, before that, the dotted path of an email backend.
    `from_email` stands in for DEFAULT_FROM_EMAIL.
    """

    def __init__(self, using: str | None = None, from_email: str | None = None) -> None:
        self.using = using
        self.from_email = from_email

    def send(self, message: Outgoing) -> Receipt:
        """Send the mail. Exceptions of mail libraries carry the text, so only their class and status go on."""
        headers = {"Auto-Submitted": "auto-generated"}  # RFC 3834: no vacation notes in return
        email = mail.EmailMessage(message.subject, message.text, self.from_email, [message.to], headers=headers)
        failure: DeliveryError
        try:
            self._send(email)
        except smtplib.SMTPRecipientsRefused as error:
            failure = _by_reply(max(code for code, _text in error.recipients.values()))
        except smtplib.SMTPResponseException as error:
            failure = _by_reply(error.smtp_code)
        except (ConnectionRefusedError, socket.gaierror, smtplib.SMTPNotSupportedError) as error:
            failure = Unavailable(type(error).__name__)
        except (OSError, smtplib.SMTPException) as error:  # it broke off, perhaps after the text went out
            failure = Unclear(type(error).__name__)
        else:
            return Receipt()
        raise failure  # out here, so that the library's exception is not even its context

    def _send(self, email: Any) -> None:
        if self.using is None:
            email.send()
        elif hasattr(mail, "mailers"):
            email.send(using=self.using)
        else:
            mail.get_connection(self.using).send_messages([email])


def _by_reply(status: int) -> Refused | Unavailable:
    return Refused(f"smtp {status}") if status >= PERMANENT else Unavailable(f"smtp {status}")
