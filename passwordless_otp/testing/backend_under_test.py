"""What a site declares about the backend that it tests: class, options, and how its provider can misbehave."""

from collections.abc import Callable
from typing import Any, ClassVar, NoReturn

import pytest

from passwordless_otp.messaging.backends.base import Backend, Outgoing, Receipt, Refused
from passwordless_otp.testing import messages
from passwordless_otp.testing.deliveries import Delivery, deliver_once, listening
from passwordless_otp.testing.messages import Arrived

MARGIN = 1.0  # seconds, for a busy machine


class BackendUnderTest:
    """Set the attributes in a subclass of `BackendConformance`. Tests of fixtures not overridden are skipped."""

    backend_class: ClassVar[type[Backend]]
    channels: ClassVar[list[str]] = ["sms"]  # "email", "sms" or both
    gives_up_within: ClassVar[float] = 10.0  # seconds, with the `options` that are given here
    prints: ClassVar[bool] = False  # it prints messages by design
    has_own_text: ClassVar[bool] = False  # the provider is given the code and writes the text itself
    sdk: ClassVar[list[str]] = []  # packages that must be loaded with the first message, and not before
    foreign_loggers: ClassVar[list[str]] = []  # of a server that stands in for the provider in this process

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        """Return the OPTIONS of the setting DELIVERY."""
        return {}

    @pytest.fixture
    def backend(self, options: dict[str, Any]) -> Backend:
        """Return the backend, made as the setting would."""
        return self.backend_class(**options)

    @pytest.fixture
    def accepts(self) -> None:
        """Let the provider take every message. Override it if it doesn't from the start."""

    @pytest.fixture
    def refuses(self) -> None:
        """Let the provider refuse the number or the address for good."""
        _undefined("refuses", "refuse an address")

    @pytest.fixture
    def is_busy(self) -> None:
        """Let the provider take nothing for now: 429, 503, a 4xx of SMTP."""
        _undefined("is_busy", "be busy")

    @pytest.fixture
    def is_down(self) -> None:
        """Let nobody listen where the provider should be."""
        _undefined("is_down", "be out of reach")

    @pytest.fixture
    def hangs(self) -> None:
        """Let the provider read the request, and never answer."""
        _undefined("hangs", "keep silent")

    @pytest.fixture
    def breaks_off(self) -> None:
        """Let the provider read the request, and close the connection."""
        _undefined("breaks_off", "break off")

    @pytest.fixture
    def arrived(self) -> Callable[[], list[Arrived]]:
        """Return a function that returns what has arrived, one `Arrived` for each message and recipient."""
        _undefined("arrived", "show what arrived")

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run a test that takes a `message` once with each kind of message, and one with a `channel` on each."""
        if "message" in metafunc.fixturenames:
            offered = {on: messages.kinds(on, self.most) for on in self.channels}
            found = {f"{on} {kind}": message for on, kinds in offered.items() for kind, message in kinds.items()}
            if "arrived" in metafunc.fixturenames and not self.defines("arrived"):
                found = dict([*found.items()][:1])  # one skip is enough
            metafunc.parametrize("message", found.values(), ids=found)
        if "channel" in metafunc.fixturenames:
            metafunc.parametrize("channel", self.channels)

    @property
    def most(self) -> int | None:
        """The longest code that the backend declares to take; `None` for any."""
        most: object = self.backend_class.max_code_length
        return most if isinstance(most, int) else None

    def try_once(self, backend: Backend, message: Outgoing) -> Delivery:
        """Send the message, and fail the test if no answer comes in time."""
        try:
            with listening(prints=self.prints, but=self.foreign_loggers) as said:
                return deliver_once(backend, message, self.gives_up_within + MARGIN, said)
        except TimeoutError as error:
            pytest.fail(str(error))

    def answer(self, backend: Backend, channel: str) -> object:
        """Send an ordinary message. Return what `send` has returned or raised."""
        return self.try_once(backend, messages.usual(channel, self.most)).answer

    def fits(self, message: Outgoing, answer: object) -> bool:
        """Return whether this is the right answer to a message that the provider takes."""
        if self.has_own_text and not message.code:  # only another provider can send this
            return isinstance(answer, Refused) and answer.elsewhere
        return isinstance(answer, Receipt)

    def defines(self, fixture: str) -> bool:
        """Return whether a subclass overrides the fixture of this name."""
        owner = next(owner for owner in type(self).__mro__ if fixture in vars(owner))
        return owner is not BackendUnderTest


def _undefined(fixture: str, what: str) -> NoReturn:
    pytest.skip(f"the fixture `{fixture}` is not defined: this provider can't be made to {what} here")
