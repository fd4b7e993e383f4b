"""The contract between the outbox and a provider."""

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
    code: str = field(repr=False)  # empty for a note without one
    seconds_left: int  # of the code's life
    html: str = field(default="", repr=False)  # empty for an SMS
    callback_url: str = ""  # where the provider may report on it; empty without PUBLIC_URL


@dataclass(frozen=True)
class Receipt:
    """The provider has taken the message."""

    provider_id: str = ""


class DeliveryError(Exception):
    """A message did not go out. `code` is the provider's own word for it, and may be shown to an operator."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class Refused(DeliveryError):
    """Final: a bad number, an unknown mailbox, somebody who has unsubscribed.

    With `elsewhere` the reason is not the person: another provider may well take it.
    """

    def __init__(self, code: str, *, elsewhere: bool = False) -> None:
        self.elsewhere = elsewhere
        super().__init__(code)


class Unavailable(DeliveryError):
    """Not taken: the provider is down, busy or out of reach. It may be tried again.

    With `for_recipient` it is there, and only this person's messages have to wait. That is not held against it:
    or whoever asks for codes for such addresses could have it passed over for everybody.
    """

    def __init__(self, code: str, *, for_recipient: bool = False) -> None:
        self.for_recipient = for_recipient
        super().__init__(code)


class Unclear(DeliveryError):
    """Nobody knows: it timed out after the request went out. It is not repeated by itself."""


class Backend(ABC):
    """A provider. The setting's OPTIONS are its keyword arguments."""

    max_code_length: ClassVar[int | None] = None  # it is passed over where the code is longer
    webhook: ClassVar[str] = ""  # the name of our URL that takes its reports
    reports_outcome: ClassVar[bool] = False  # whether `report_outcome` is called

    @abstractmethod
    def send(self, message: Outgoing) -> Receipt:
        """Hand `message` over. Raises `Refused`, `Unavailable` or `Unclear`, never with the text in it."""

    def report_outcome(self, provider_id: str, approved: bool) -> None:  # noqa: B027 - most providers do not ask
        """Hear that the code of this message was used (`approved`), or that it never will be."""
