"""The interface between messaging and a provider.

`send` returns a receipt once the provider has taken the message, or raises one of three errors. Which one decides
whether the message is tried again, so the difference that counts is whether it can have gone out.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class Outgoing:
    """One message, ready to send. Its `repr` shows neither the code nor a text that holds it."""

    id: str  # the Message's: the same on every repetition, for providers that drop duplicates
    channel: str  # "email" or "sms"
    to: str  # canonical: an email address, or E.164
    subject: str = field(repr=False)  # one line; empty for an SMS
    text: str = field(repr=False)
    code: str = field(repr=False)  # empty for a message without one
    seconds_left: int  # of the code's life
    html: str = field(default="", repr=False)  # empty for an SMS
    callback_url: str = ""  # where the provider may report on it; empty without PUBLIC_URL


@dataclass(frozen=True)
class Receipt:
    """The provider has taken the message."""

    provider_id: str = ""


class DeliveryError(Exception):
    """A message did not go out. `code` is the provider's own word for it, and is shown to operators."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class Refused(DeliveryError):
    """Final, as for an unknown mailbox. With `elsewhere` it is not the recipient: the next provider is tried."""

    def __init__(self, code: str, *, elsewhere: bool = False) -> None:
        self.elsewhere = elsewhere
        super().__init__(code)


class Unavailable(DeliveryError):
    """Certainly not taken: the provider is down, busy or out of reach. It is tried again.

    With `for_recipient` the provider works, and only this recipient's messages have to wait. Its health does not
    suffer: otherwise anybody could have it passed over for everybody, by asking for codes to such addresses.
    """

    def __init__(self, code: str, *, for_recipient: bool = False) -> None:
        self.for_recipient = for_recipient
        super().__init__(code)


class Unclear(DeliveryError):
    """It may have been taken: no answer after the request went out. It is not repeated by itself."""


class Backend(ABC):
    """A provider. Its keyword arguments are the OPTIONS of the setting DELIVERY."""

    max_code_length: ClassVar[int | None] = None  # messages with a longer code go to the next provider
    webhook: ClassVar[str] = ""  # the name of the URL pattern that takes its reports
    reports_outcome: ClassVar[bool] = False  # whether `report_outcome` is called

    @abstractmethod
    def send(self, message: Outgoing) -> Receipt:
        """Hand the message over. Raises `Refused`, `Unavailable` or `Unclear`, never with its text in them."""

    def report_outcome(self, provider_id: str, approved: bool) -> None:  # noqa: B027 - few providers want it
        """Tell the provider that the code of this message was used (`approved`), or that it never will be."""
