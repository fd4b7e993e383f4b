"""SMS through Twilio, and what its SDK's exceptions mean for a message, in all of Twilio's APIs.

The HTTP status is looked at first, then Twilio's error code, then how far the request came. The SDK is imported
with the first message. Its exceptions may hold the request, and with it the code, so none becomes a context.
"""

import ssl
from collections.abc import Callable
from importlib.util import find_spec
from threading import Lock
from typing import Any, ClassVar

from passwordless_otp.messaging.backends.base import Backend, Outgoing, Receipt, Refused, Unavailable, Unclear

OK, REFUSING = range(200, 300), range(400, 500)
TOO_MANY_REQUESTS, UNAUTHORISED, FORBIDDEN, NOT_FOUND = 429, 401, 403, 404
GATEWAYS = {502, 504}  # the server behind it may have had the request
BUSY_FOR_NUMBER = {60212}
BUSY = {20429, 21611} | BUSY_FOR_NUMBER
# The recipient's number, wish or country, or a protection against fraud that another provider must not undo.
RECIPIENT = {21211, 21217, 21265, 21614, 21635, 60205, 21610, 21408, 60605, 60203, 60410}
# This sender does not reach that number, or the service has none to spare.
UNROUTED = {21214, 21612, 21703, 60200, 60220, 60238}
# The account, the sender or the service is not set up.
ACCOUNT = {20003, 20005, 20404, 21212, 21601, 21603, 21606, 21608, 21659, 21704, 21705}
VERIFY_SERVICE = {60201, 60204, 60217, 60223}
ELSEWHERE = UNROUTED | ACCOUNT | VERIFY_SERVICE


def read_error(error: Exception) -> Refused | Unavailable | Unclear:
    """Return the error to raise instead of this one."""
    status, code = getattr(error, "status", None), getattr(error, "code", None)
    if not isinstance(status, int):
        kind = Unavailable if _never_left(error) else Unclear
        return kind(type(error).__name__)
    number = code if isinstance(code, int) and code != status else None  # without one the SDK repeats the status
    name = f"twilio {number}" if number is not None else f"twilio http {status}"
    if status in OK or status in GATEWAYS:
        return Unclear(name)
    if status in REFUSING and number in RECIPIENT:
        return Refused(name)
    if status not in REFUSING or status == TOO_MANY_REQUESTS or number in BUSY:
        return Unavailable(name, for_recipient=status in REFUSING and number in BUSY_FOR_NUMBER)
    return Refused(name, elsewhere=status in {UNAUTHORISED, FORBIDDEN, NOT_FOUND} or number in ELSEWHERE)


def _never_left(error: Exception) -> bool:
    """Return whether no connection was made, so that Twilio was not asked."""
    from requests.exceptions import ConnectTimeout, ProxyError
    from urllib3.exceptions import NewConnectionError

    reason = getattr(next(iter(error.args), None), "reason", None)
    causes = [error, reason, *getattr(reason, "args", [])]
    before = (ConnectTimeout, ProxyError, NewConnectionError, ssl.SSLCertVerificationError)
    return any(isinstance(cause, before) for cause in causes)


class TwilioAccount:
    """Credentials, and one client of the SDK for all threads, since it keeps connections open.

    `timeout` is in seconds: to connect, and again for each wait for an answer. An `http_client` of the SDK brings
    its own. `webhook_secret` is what Twilio signs its reports with, where that is not the token.
    """

    def __init__(
        self, account_sid: str, auth_token: str, http_client: Any, timeout: float, webhook_secret: str = ""
    ) -> None:
        if not account_sid or not auth_token:  # the SDK would look for them in the environment
            raise ValueError("account_sid and auth_token are needed")
        if timeout <= 0:
            raise ValueError("timeout must be a number of seconds above 0")
        if find_spec("twilio") is None:
            raise ModuleNotFoundError("install passwordless_otp[twilio]", name="twilio")
        self.sid, self.auth_token = account_sid, auth_token
        self.webhook_secret = webhook_secret or auth_token
        self.http_client, self.timeout = http_client, timeout
        self._lock, self._client = Lock(), None

    def ask(self, request: Callable[[Any], Any]) -> Receipt:
        """Run `request` with the SDK's client. Raises `Refused`, `Unavailable` or `Unclear`."""
        client = self.client()
        try:
            answer = request(client)
        except Exception as error:  # the SDK raises whatever breaks while it reads an answer
            failure = read_error(error)
        else:
            if answer.sid and isinstance(answer.sid, str):
                return Receipt(provider_id=answer.sid)
            failure = Unclear("twilio no sid")
        raise failure

    def client(self) -> Any:
        """Return the SDK's client, the same one for all threads."""
        from twilio.http.http_client import TwilioHttpClient
        from twilio.rest import Client

        with self._lock:
            if self._client is None:
                http_client = self.http_client or TwilioHttpClient(timeout=self.timeout)
                self._client = Client(self.sid, self.auth_token, http_client=http_client)
            return self._client


LONGEST = 36_000  # seconds that Twilio lets a message wait in its queue


class TwilioBackend(Backend):
    """Send SMS through Twilio, from a messaging service or from one sender (`from_`)."""

    webhook: ClassVar[str] = "twilio"

    def __init__(  # noqa: PLR0913 - the setting's OPTIONS, by name
        self,
        *,
        account_sid: str = "",
        auth_token: str = "",
        messaging_service_sid: str = "",
        from_: str = "",
        risk_check: str = "",
        content_retention: str = "",
        address_retention: str = "",
        webhook_secret: str = "",
        http_client: Any = None,
        timeout: float = 10,
    ) -> None:
        self.account = TwilioAccount(account_sid, auth_token, http_client, timeout, webhook_secret)
        if bool(messaging_service_sid) == bool(from_):
            raise ValueError("either messaging_service_sid or from_ is needed, and not both")
        options = {"messaging_service_sid": messaging_service_sid, "from_": from_, "risk_check": risk_check}
        options |= {"content_retention": content_retention, "address_retention": address_retention}
        self.options = {name: value for name, value in options.items() if value}

    def send(self, message: Outgoing) -> Receipt:
        """Create the message at Twilio. It leaves Twilio's queue when its code has expired."""
        options = {"validity_period": max(1, min(message.seconds_left, LONGEST)), **self.options}
        if message.callback_url:
            options["status_callback"] = message.callback_url
        return self.account.ask(  # no local variable has the text: reports of errors show them
            lambda client: client.messages.create(to=message.to, body=message.text, **options)
        )
