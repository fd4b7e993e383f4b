"""SMS through Twilio's Messages API."""

from typing import Any, ClassVar

from passwordless_otp.delivery.backends.base import Backend, Outgoing, Receipt
from passwordless_otp.delivery.backends.twilio_account import TwilioAccount

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
        options = {
            "messaging_service_sid": messaging_service_sid,
            "from_": from_,
            "risk_check": risk_check,
            "content_retention": content_retention,
            "address_retention": address_retention,
        }
        self.options = {name: value for name, value in options.items() if value}

    def send(self, message: Outgoing) -> Receipt:
        """Create the message at Twilio."""
        callback = {"status_callback": message.callback_url} if message.callback_url else {}
        return self.account.ask(
            lambda client: client.messages.create(
                to=message.to,
                body=message.text,
                validity_period=max(1, min(message.seconds_left, LONGEST)),
                **callback,
                **self.options,
            )
        )
