"""Email through Django's own mail, and so through every provider that the site's mail settings can name."""

from typing import Any

from django.conf import settings
from django.core import mail

from passwordless_otp.delivery.backends import email_failures
from passwordless_otp.delivery.backends.base import Backend, Outgoing, Receipt, Refused

TAG = "passwordless_otp"  # by which a provider's own pages tell codes from the site's other mail
NOT_TAKEN = {"rejected", "invalid", "failed"}


class EmailBackend(Backend):
    """Send through Django.

    `using` names one of the site's MAILERS (Django ≥ 6.1) or, without those, is the dotted path of an email
    backend. `from_email` stands in for DEFAULT_FROM_EMAIL. `timeout` is in seconds, to connect and again for
    each wait for an answer, of SMTP and of the providers that Anymail asks over HTTP.
    """

    def __init__(self, using: str | None = None, from_email: str | None = None, timeout: float = 10) -> None:
        if timeout <= 0:
            raise ValueError("timeout is to be a number of seconds above 0")
        self.using = using
        self.from_email = from_email
        self.timeout = timeout
        self._unwanted: set[str] = set()  # attributes of Anymail's that this provider has refused

    def send(self, message: Outgoing) -> Receipt:
        """Send the mail. Exceptions of mail libraries carry the text, so none becomes a context."""
        email = self._written(message)
        try:
            sent = self._send(email, self._attributes(message))
        except Exception as error:  # whatever the site's mail settings name
            failure = email_failures.classify(error)
        else:
            if sent == 0:
                raise Refused("not sent")
            return _receipt(getattr(email, "anymail_status", None))
        raise failure

    def _written(self, message: Outgoing) -> mail.EmailMultiAlternatives:
        headers = {"Auto-Submitted": "auto-generated"}  # RFC 3834: no vacation notes in return
        email = mail.EmailMultiAlternatives(
            message.subject, message.text, self.from_email, [message.to], headers=headers
        )
        if message.html:
            email.attach_alternative(message.html, "text/html")
        return email

    def _attributes(self, message: Outgoing) -> dict[str, Any]:
        """Return what Anymail passes on and others ignore, the least needed first."""
        wanted = {
            "track_clicks": False,
            "track_opens": False,
            "tags": [TAG],
            "metadata": {"message": message.id},
        }
        return {name: value for name, value in wanted.items() if name not in self._unwanted}

    def _send(self, email: Any, attributes: dict[str, Any]) -> Any:
        """Send it with these attributes, less those that the provider can't do. Return how many were sent."""
        for name, value in attributes.items():
            setattr(email, name, value)
        with self._connection() as connection:
            while True:
                try:
                    return connection.send_messages([email])
                except ValueError as error:  # Anymail raises it before anything goes out
                    refused = email_failures.unsupported(error, list(attributes))
                    if not refused:
                        raise
                self._unwanted.add(refused)
                del attributes[refused]
                delattr(email, refused)

    def _connection(self) -> Any:
        """Return a connection of Django's. Without a timeout SMTP would wait for ever, and Anymail for long."""
        mailers: Any = getattr(mail, "mailers", None)
        if mailers is not None and (self.using is None or hasattr(settings, "MAILERS")):
            connection = mailers[self.using or "default"]
        else:
            connection = mail.get_connection(self.using)
        if hasattr(connection, "timeout"):
            connection.timeout = self.timeout
        return connection


def _receipt(status: Any) -> Receipt:
    """Read what Anymail says of the only recipient, if it was Anymail. Raises `Refused`."""
    said = getattr(status, "status", None) or set()
    if said and said <= NOT_TAKEN:
        raise Refused(min(said), elsewhere="failed" in said)
    name = getattr(status, "message_id", None)
    return Receipt(provider_id=str(name) if isinstance(name, str | int) else "")
