"""An account at Twilio, and how it is asked for something."""

from collections.abc import Callable
from importlib.util import find_spec
from threading import Lock
from typing import Any

from passwordless_otp.delivery.backends import twilio_errors
from passwordless_otp.delivery.backends.base import Receipt, Unclear


class TwilioAccount:
    """Credentials, and one client for all threads, since it keeps connections open.

    `timeout` is in seconds, to connect and again for each wait for an answer. `http_client`, one of the SDK's,
    brings its own. `webhook_secret` is what Twilio signs its reports with, where that is not the token.
    """

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        http_client: Any,
        timeout: float,
        webhook_secret: str = "",
    ) -> None:
        if not account_sid or not auth_token:  # the SDK would look for them in the environment
            raise ValueError("account_sid and auth_token are needed")
        if timeout <= 0:
            raise ValueError("timeout is to be a number of seconds above 0")
        if find_spec("twilio") is None:
            raise ModuleNotFoundError("install passwordless_otp[twilio]", name="twilio")
        self.sid, self.auth_token = account_sid, auth_token
        self.webhook_secret = webhook_secret or auth_token
        self.http_client, self.timeout = http_client, timeout
        self._lock, self._client = Lock(), None

    def ask(self, request: Callable[[Any], Any]) -> Receipt:
        """Let `request` ask the SDK's client for something that has an id.

        Raises `Refused`, `Unavailable` or `Unclear`. The SDK's exceptions may hold the request, and with it the
        code, so none becomes a context.
        """
        client = self.client()
        try:
            answer = request(client)
        except Exception as error:  # the SDK lets out whatever breaks while it reads an answer
            failure = twilio_errors.read(error)
        else:
            if answer.sid and isinstance(answer.sid, str):
                return Receipt(provider_id=answer.sid)
            failure = Unclear("twilio no sid")
        raise failure

    def client(self) -> Any:
        """Return the SDK's client."""
        from twilio.http.http_client import TwilioHttpClient
        from twilio.rest import Client

        with self._lock:
            if self._client is None:
                http_client = self.http_client or TwilioHttpClient(timeout=self.timeout)
                self._client = Client(self.sid, self.auth_token, http_client=http_client)
            return self._client
