"""Email through Django: SMTP, Anymail's providers, Amazon SES, or any other email backend.

What an exception of a mail library means is decided by how far the mail came: refused before the text was
handed over, it was certainly not sent; broken off after that, it may have been. Exceptions are recognised by the
names of their classes, so that no provider's library is imported. They carry the text of the mail, so none of
them is raised on, and none becomes the context of ours.
"""

import logging
import re
import smtplib
import socket
import traceback
from typing import Any

from django.conf import settings
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.mail.backends import smtp

from passwordless_otp.messaging.backends.base import (
    Backend,
    DeliveryError,
    Outgoing,
    Receipt,
    Refused,
    Unavailable,
    Unclear,
)

logger = logging.getLogger("passwordless_otp.messaging")

PERMANENT = range(500, 600)  # SMTP: such replies are final (RFC 5321 §4.2.1)
TRANSIENT = range(400, 500)
CLOSING = 421  # SMTP: the server goes away, in answer to any command (RFC 5321 §3.8)
NO_LOGIN = 530  # SMTP: "authentication required", in answer to any command (RFC 4954 §6)
POLICY = re.compile(r"5\.7\.")  # RFC 3463 §3.8: the sender is not welcome, whoever the recipient is
HANDING_OVER = {"data", "quit"}  # methods of smtplib's in which the text may have gone out
LOGGING_IN = {"login", "auth"}

TOO_MANY_REQUESTS, GATEWAY = 429, {502, 504}  # a gateway does not know what became of a request
SERVER_ERRORS, CLIENT_ERRORS = range(500, 600), range(400, 500)
BUSY = {"Throttling", "ThrottlingException", "TooManyRequestsException", "LimitExceededException"}  # AWS
# requests, urllib3 and botocore: the connection failed, so that nothing was asked.
NEVER_LEFT = {
    "ConnectTimeout", "ConnectTimeoutError", "EndpointConnectionError", "NewConnectionError",
    "ProxyConnectionError", "ProxyError", "SSLCertVerificationError",
}  # fmt: skip
# Anymail and botocore: it was never asked either, for what the settings say.
MISCONFIGURED = {
    "AnymailInvalidAddress", "AnymailSerializationError", "AnymailUnsupportedFeature", "NoCredentialsError",
    "PartialCredentialsError", "CredentialRetrievalError", "NoRegionError", "ParamValidationError",
}  # fmt: skip


def classify(error: Exception) -> DeliveryError:
    """Return the error to raise instead: it holds only the class and the numbers of this one."""
    if isinstance(error, smtplib.SMTPException):
        return _of_smtp(error)
    names = _names(error)
    if "AnymailRecipientsRefused" in names:
        return Refused("recipient refused")
    cause = error.__cause__ if "AnymailAPIError" in names and error.__cause__ else error
    if isinstance(error, ImproperlyConfigured | ImportError) or _names(cause) & MISCONFIGURED:
        return Refused(type(cause).__name__, elsewhere=True)
    if isinstance(error, ValueError) and not isinstance(error, OSError) and (setting := _wrong_setting(error)):
        return Refused(f"{type(error).__name__}: check {setting}", elsewhere=True)
    return _of_answer(error) or _of_connection(cause)


def unsupported(error: Exception, attributes: list[str]) -> str:
    """Return the attribute that the provider can't do, if that is what Anymail says; else an empty string."""
    if not attributes or "AnymailUnsupportedFeature" not in _names(error):
        return ""
    said = str(error.args[0]) if error.args else ""
    return next((name for name in attributes if name in said), attributes[0])


def _of_smtp(error: smtplib.SMTPException) -> DeliveryError:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        status, said = max(error.recipients.values())
        elsewhere = status == NO_LOGIN or bool(POLICY.search(str(said)))
        if status in TRANSIENT:  # a full mailbox, a greylist, a domain that is not found just now
            return Unavailable(f"smtp {status}", for_recipient=status != CLOSING)
        return _by_reply(status, elsewhere) or Unavailable(f"smtp {status}")
    if isinstance(error, smtplib.SMTPResponseException):
        answer = _by_reply(error.smtp_code, elsewhere=True)
        if isinstance(error, smtplib.SMTPDataError):
            return answer or Unclear(f"smtp {error.smtp_code}")
        if answer and not _steps(error) & HANDING_OVER:
            return answer
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Refused(type(error).__name__, elsewhere=True)
    return _of_connection(error)


def _by_reply(status: int, elsewhere: bool) -> DeliveryError | None:
    """Return what a reply of an SMTP server means; `None` if it is not a refusal."""
    if status in PERMANENT:
        return Refused(f"smtp {status}", elsewhere=elsewhere)
    return Unavailable(f"smtp {status}") if status in TRANSIENT else None


def _of_answer(error: Exception) -> DeliveryError | None:
    """Return what a provider's HTTP answer means; `None` if there is none."""
    response, code = getattr(error, "response", None), ""
    status = getattr(response, "status_code", None)
    if isinstance(response, dict):  # botocore's
        code = str(response.get("Error", {}).get("Code", ""))
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if not isinstance(status, int):
        return None
    name = f"{code or 'http'} {status}"
    if status == TOO_MANY_REQUESTS or code in BUSY:
        return Unavailable(name)
    if status in CLIENT_ERRORS:
        return Refused(name, elsewhere=True)
    return Unavailable(name) if status in SERVER_ERRORS and status not in GATEWAY else Unclear(name)


def _of_connection(error: BaseException) -> DeliveryError:
    """Return what a broken connection means, by how far the mail came."""
    steps = _steps(error)
    before_the_text = bool(steps) and not steps & HANDING_OVER
    refused = isinstance(error, ConnectionRefusedError | socket.gaierror)
    kind = Unavailable if before_the_text or refused or _never_left(error) else Unclear
    return kind(type(error).__name__)


def _steps(error: BaseException, module: str = "smtplib") -> set[str]:
    """Return the functions and methods of this module that were running."""
    frames = [frame for frame, _line in traceback.walk_tb(error.__traceback__)]
    return {frame.f_code.co_name for frame in frames if frame.f_globals.get("__name__") == module}


def _wrong_setting(error: ValueError) -> str:
    """Return what to check if this stopped the mail before the server had it; else an empty string.

    A sender that can't be parsed, a password that is not ASCII: nothing has gone out, and nothing will.
    """
    parsing = "prep_address" in _steps(error, "django.core.mail.backends.smtp")  # Django ≥ 6
    if parsing or _steps(error, "django.core.mail.message"):
        return "DEFAULT_FROM_EMAIL and the recipient"
    steps = _steps(error)
    if steps & LOGGING_IN:
        return "EMAIL_HOST_USER and EMAIL_HOST_PASSWORD"
    return "the email settings" if steps and not steps & HANDING_OVER else ""


def _never_left(error: BaseException) -> bool:
    """Return whether no connection was made: by this error, or by urllib3's inside of it."""
    reason = getattr(next(iter(error.args), None), "reason", None)
    causes = [error, reason, *getattr(reason, "args", [])]
    return any(_names(cause) & NEVER_LEFT for cause in causes)


def _names(thing: object) -> set[str]:
    return {kind.__name__ for kind in type(thing).__mro__}


ADVICE = (  # while a site is developed
    "No email was sent through %s (%s). While you develop, let the console backend print messages; "
    "to send them, set EMAIL_HOST and EMAIL_PORT, or host and port in MAILERS. "
    "See docs/delivery.md#while-you-develop"
)
TAG = "passwordless_otp"  # on a provider's own pages, tells codes from the site's other mail
NOT_TAKEN = {"rejected", "invalid", "failed"}


class EmailBackend(Backend):
    """Send through Django.

    `using` names one of the site's MAILERS (Django ≥ 6.1) or, on a site without them, is the dotted path of an
    email backend. `from_email` replaces DEFAULT_FROM_EMAIL. `timeout` is in seconds: to connect, and again for
    each wait for an answer, of SMTP servers and of the providers that Anymail asks over HTTP.
    """

    def __init__(self, using: str | None = None, from_email: str | None = None, timeout: float = 10) -> None:
        if timeout <= 0:
            raise ValueError("timeout must be a number of seconds above 0")
        self.using, self.from_email, self.timeout = using, from_email, timeout
        self._unsupported: set[str] = set()  # attributes of Anymail that this provider has refused

    def send(self, message: Outgoing) -> Receipt:
        """Send the mail. Raises `Refused`, `Unavailable` or `Unclear`."""
        email = self._written(message)
        try:
            sent = self._send(email, self._attributes(message))
        except Exception as error:  # whatever the site's mail settings name
            failure = classify(error)
            if settings.DEBUG:
                logger.warning(ADVICE, self.route() or "Django's mail settings", failure.code)
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
        """Return what Anymail passes on and other backends ignore, least needed first."""
        wanted = {"track_clicks": False, "track_opens": False, "tags": [TAG], "metadata": {"message": message.id}}
        return {name: value for name, value in wanted.items() if name not in self._unsupported}

    def _send(self, email: Any, attributes: dict[str, Any]) -> Any:
        """Send it without the attributes that the provider can't do. Return how many were sent."""
        for name, value in attributes.items():
            setattr(email, name, value)
        with self.connection() as connection:
            while True:
                try:
                    return connection.send_messages([email])
                except ValueError as error:  # Anymail raises it before anything goes out
                    if not (refused := unsupported(error, list(attributes))):
                        raise
                self._unsupported.add(refused)
                del attributes[refused]
                delattr(email, refused)

    def route(self) -> str:
        """Return where Django hands emails over: `host:port` for SMTP, else the dotted path of its backend.

        An empty string if the site's mail settings name nothing that can be used.
        """
        try:
            connection = self.connection()
        except Exception:  # whatever they name
            return ""
        if isinstance(connection, smtp.EmailBackend):
            return f"{connection.host}:{connection.port}"
        return f"{type(connection).__module__}.{type(connection).__qualname__}"

    def connection(self) -> Any:
        """Return a connection with a timeout: without one SMTP would wait for ever, and Anymail for long."""
        mailers: Any = getattr(mail, "mailers", None)
        if mailers is not None and (self.using is None or hasattr(settings, "MAILERS")):
            connection = mailers[self.using or "default"]
        else:
            connection = mail.get_connection(self.using)
        if hasattr(connection, "timeout"):
            connection.timeout = self.timeout
        return connection


def _receipt(status: Any) -> Receipt:
    """Return the receipt by what Anymail says of the only recipient, if it was Anymail. Raises `Refused`."""
    said = getattr(status, "status", None) or set()
    if said and said <= NOT_TAKEN:
        raise Refused(min(said), elsewhere="failed" in said)
    name = getattr(status, "message_id", None)
    return Receipt(provider_id=str(name) if isinstance(name, str | int) else "")
