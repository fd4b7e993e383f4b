"""Codes through Twilio Verify, which writes the text itself and sends it by SMS, WhatsApp or a call.

The codes are ours (`custom_code`) and are checked here. Verify is told which were used, to free the number.
"""

from typing import Any, ClassVar

from passwordless_otp.messaging.backends.base import Backend, Outgoing, Receipt, Refused
from passwordless_otp.messaging.backends.twilio import TwilioAccount

CHANNELS = ["sms", "whatsapp", "call"]
SHORTEST = 4  # characters of a code that Verify takes
ENDED = {"twilio 20404", "twilio http 404"}  # Verify forgets a verification once it is over


class TwilioVerifyBackend(Backend):
    """Send codes with Twilio Verify. `via` is how they travel: "sms", "whatsapp" or "call"."""

    max_code_length: ClassVar[int | None] = 10
    reports_outcome: ClassVar[bool] = True

    def __init__(
        self,
        *,
        account_sid: str = "",
        auth_token: str = "",
        service_sid: str = "",
        via: str = "sms",
        template_sid: str = "",
        http_client: Any = None,
        timeout: float = 10,
    ) -> None:
        self.account = TwilioAccount(account_sid, auth_token, http_client, timeout)
        if not service_sid:
            raise ValueError("service_sid is needed")
        if via not in CHANNELS:
            raise ValueError(f"via must be one of: {', '.join(CHANNELS)}")
        self.service_sid = service_sid
        self.options = {"channel": via, **({"template_sid": template_sid} if template_sid else {})}

    def send(self, message: Outgoing) -> Receipt:
        """Create a verification at Twilio with our code. Refuses a message without one."""
        if not message.code:
            raise Refused("no code", elsewhere=True)
        if len(message.code) < SHORTEST:
            raise Refused("code too short", elsewhere=True)
        return self.account.ask(  # no local variable has the code: reports of errors show them
            lambda client: self._verifications(client).create(
                to=message.to, custom_code=message.code, **self.options
            )
        )

    def report_outcome(self, provider_id: str, approved: bool) -> None:
        """Close the verification, if Verify still knows it. Raises `Refused`, `Unavailable` or `Unclear`."""
        if not provider_id:
            return
        status = "approved" if approved else "canceled"
        try:
            self.account.ask(lambda client: self._verifications(client, provider_id).update(status=status))
        except Refused as error:
            if error.code not in ENDED:
                raise

    def _verifications(self, client: Any, *sid: str) -> Any:
        """Return the verifications of the service, or the one with this id."""
        service = client.verify.v2.services(self.service_sid)
        return service.verifications(*sid) if sid else service.verifications
