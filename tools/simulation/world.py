"""A clock for a simulated day, people with browsers, and what came of their guesses."""

import secrets
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest import mock

from django.contrib.auth import get_user_model
from django.utils import timezone

from passwordless_otp import codes
from passwordless_otp.errors import CodeIncorrect, OTPError, TooManyRequests, VerificationFailed
from passwordless_otp.flows import sign_in
from passwordless_otp.identifiers import Strategy, parse
from passwordless_otp.models import Flow, Identifier, InstanceSettings
from passwordless_otp.rate_limits import windows
from passwordless_otp.visitor import Visitor

START = datetime(2030, 1, 7, 8, tzinfo=UTC)


class Clock:
    """The simulated time. It moves by `tick` only."""

    def __init__(self) -> None:
        self.now = START

    def tick(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.now += timedelta(seconds=seconds)

    @contextmanager
    def running(self) -> Iterator["Clock"]:
        """Let the package see this time."""
        seconds = SimpleNamespace(time=lambda: int(self.now.timestamp()))
        with mock.patch.object(windows, "time", seconds), mock.patch.object(timezone, "now", self._read):
            yield self

    def _read(self) -> datetime:
        return self.now


class Tally:
    """The guesses that were compared, by the number of possible codes, and counts of everything else."""

    def __init__(self) -> None:
        self.guesses: Counter[int] = Counter()
        self.counts: Counter[str] = Counter()

    @property
    def chance(self) -> float:
        """The probability that at least one of the guesses was right."""
        missed = 1.0
        for possible, number in self.guesses.items():
            missed *= (1 - 1 / possible) ** number
        return 1 - missed


class Person:
    """Somebody with a browser at an IP address. The browser is recognised for `users`, by primary key."""

    flow: Flow

    def __init__(self, ip: str, users: Iterable[Any] = ()) -> None:
        self.ip, self.users = ip, frozenset(users)
        self.client = secrets.token_hex(32)

    @property
    def browser(self) -> Visitor:
        """The visitor of a request."""
        return Visitor(self.client, secrets.token_hex(32), self.ip, self.users)

    def ask(self, identifier: str, newcomer: bool = False) -> bool:
        """Ask for a code, for a new account if need be. Tell whether the limits let it pass."""
        strategy = parse(identifier, None).kind.strategy
        settings = InstanceSettings.current()
        try:
            self.flow = sign_in.create(
                settings, None, self.browser, identifier, strategy, sign_up_if_missing=newcomer
            )
        except TooManyRequests:
            return False
        return True

    def guess(self, tally: Tally) -> bool:
        """Try a random code. Tell whether more may be tried."""
        self._read_again()
        verification = self.flow.known_verifications[0]
        letters = codes.ALPHABETS[verification.alphabet]
        guessed = "".join(secrets.choice(letters) for _ in range(verification.length))
        try:
            self._attempt(verification.identifier.kind.strategy, guessed)
        except (CodeIncorrect, VerificationFailed) as refusal:
            tally.guesses[len(letters) ** verification.length] += 1
            return isinstance(refusal, CodeIncorrect)
        except OTPError as refusal:
            tally.counts[f"guesses refused: {refusal.code}"] += 1
            return False
        tally.counts["broken into"] += 1
        return False

    def guess_on(self, tally: Tally) -> None:
        """Try random codes for as long as the flow takes any."""
        while self.guess(tally):
            pass

    def come_in(self) -> bool:
        """Hand in the code that was sent. Tell whether that signs in."""
        self._read_again()
        verification = self.flow.known_verifications[0]
        try:
            return self._attempt(verification.identifier.kind.strategy, verification.code()).user is not None
        except OTPError:
            return False

    def _read_again(self) -> None:
        """Read the flow as the next request does."""
        self.flow = Flow.objects.get(pk=self.flow.pk)

    def _attempt(self, strategy: Strategy, code: str) -> Any:
        return sign_in.attempt(InstanceSettings.current(), self.flow, self.browser, strategy, code)


def add_users(number: int, kind: str = "email_address") -> list[Identifier]:
    """Save so many users and return their identifiers, one each."""
    model = get_user_model()
    users = model.objects.bulk_create([model(username=f"u{index}") for index in range(number)])
    identifiers = [
        Identifier(
            user=user,
            kind=kind,
            value=f"+1415555{index:04}" if kind == "phone_number" else f"u{index}@example.com",
        )
        for index, user in enumerate(users)
    ]
    return Identifier.objects.bulk_create(identifiers)


def switch_on_sms() -> None:
    """Let people sign in with phone numbers as well."""
    settings = InstanceSettings.editable()
    settings.phone_number_enabled = settings.phone_number_used_for_identification = settings.phone_code = True
    settings.save()
