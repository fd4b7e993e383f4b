"""SMS through Twilio's Messages API."""

import ssl
from importlib.util import find_spec
from threading import Lock
from typing import Any

from passwordless_otp.delivery.backends.base import (
    Backend,
    DeliveryError,
    Outgoing,
    Receipt,
    Refused,
    Unavailable,
    Unclear,
)

LONGEST = 36_000  # seconds that Twilio lets a message wait in its queue
BUSY = {20429, 21611}
# This sender does not reach that number, or the service has none to spare: another provider may well do it.
UNROUTED = {21214, 21612, 21703}
TOO_MANY_REQUESTS, OK, REFUSING = 429, range(200, 300), range(400, 500)


class TwilioBackend(Backend):
    """Send SMS through Twilio, from a messaging service or from one sender (`from_`).

    `timeout` is in seconds, to connect and again for each wait for an answer. `http_client`, one of the SDK's,
    brings its own.
    """

    def __init__(  # noqa: PLR0913
        self,
        *,
        account_sid: str = "",
        auth_token: str = "",
        messaging_service_sid: str = "",
        from_: str = "",
        risk_check: str = "",
        content_retention: str = "",
        address_retention: str = "",
        http_client: Any = None,
        timeout: float = 10,
    ) -> None:
        if not account_sid or not auth_token:  # the SDK would look for them in the environment
            raise ValueError("account_sid and auth_token are needed")
        if bool(messaging_service_sid) == bool(from_):
            raise ValueError("either messaging_service_sid or from_ is needed, and not both")
        if timeout <= 0:
            raise ValueError("timeout is to be a number of seconds above 0")
        if find_spec("twilio") is None:
            raise ModuleNotFoundError("install passwordless_otp[twilio]", name="twilio")
        self.account_sid, self.auth_token = account_sid, auth_token
        self.http_client, self.timeout = http_client, timeout
        options = {
            "messaging_service_sid": messaging_service_sid,
            "from_": from_,
            "risk_check": risk_check,
            "content_retention": content_retention,
            "address_retention": address_retention,
        }
        self.options = {name: value for name, value in options.items() if value}
        self._lock, self._messages = Lock(), None

    def send(self, message: Outgoing) -> Receipt:
        """Create the message at Twilio. Exceptions of the SDK may hold the request, so none becomes a context."""
        messages = self._resource()
        try:
            created = messages.create(
                to=message.to,
                body=message.text,
                validity_period=max(1, min(message.seconds_left, LONGEST)),
                **self.options,
            )
        except Exception as error:  # the SDK lets out whatever breaks while it reads an answer
            failure = _failure(error)
        else:
            if created.sid and isinstance(created.sid, str):
                return Receipt(provider_id=created.sid)
            failure = Unclear("twilio no sid")
        raise failure

    def _resource(self) -> Any:
        """Return the SDK's messages: one client for all threads, since it keeps connections open."""
        from twilio.http.http_client import TwilioHttpClient
        from twilio.rest import Client

        with self._lock:
            if self._messages is None:
                http_client = self.http_client or TwilioHttpClient(timeout=self.timeout)
                self._messages = Client(self.account_sid, self.auth_token, http_client=http_client).messages
            return self._messages


def _failure(error: Exception) -> DeliveryError:
    """Tell what is known by the HTTP status, then by Twilio's code, then by how far the request came."""
    status, code = getattr(error, "status", None), getattr(error, "code", None)
    if not isinstance(status, int):
        kind = Unavailable if _never_left(error) else Unclear
        return kind(type(error).__name__)
    numbered = isinstance(code, int) and code != status  # without a code of Twilio's the SDK repeats the status
    name = f"twilio {code}" if numbered else f"twilio http {status}"
    if status in OK:
        return Unclear(name)
    if status not in REFUSING or status == TOO_MANY_REQUESTS or (numbered and code in BUSY):
        return Unavailable(name)
    return Refused(name, elsewhere=numbered and code in UNROUTED)


def _never_left(error: Exception) -> bool:
    """Tell whether the connection already failed, so that nothing was asked of Twilio."""
    from requests.exceptions import ConnectTimeout, ProxyError
    from urllib3.exceptions import NewConnectionError

    reason = getattr(next(iter(error.args), None), "reason", None)
    causes = [error, reason, *getattr(reason, "args", [])]
    before = (ConnectTimeout, ProxyError, NewConnectionError, ssl.SSLCertVerificationError)
    return any(isinstance(cause, before) for cause in causes)
