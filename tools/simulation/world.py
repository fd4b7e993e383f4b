"""A day that passes in a minute: a clock, a mailbox, browsers, and what came of their guesses."""

import secrets
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
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


def leave(message_id):
    """A DISPATCH for who needs no message: the code is read where it is derived."""


class Clock:
    def __init__(self):
        self.now = START

    def tick(self, seconds):
        self.now += timedelta(seconds=seconds)

    @contextmanager
    def running(self):
        """Let the package see this clock's time."""
        seconds = SimpleNamespace(time=lambda: int(self.now.timestamp()))
        with mock.patch.object(windows, "time", seconds), mock.patch.object(timezone, "now", self.read):
            yield self

    def read(self):
        return self.now


class Tally:
    """What a scenario has seen: guesses compared by the number of codes that were possible, and the rest."""

    def __init__(self):
        self.guesses, self.counts = Counter(), Counter()

    @property
    def chance(self):
        """That one of the guesses was right."""
        missed = 1.0
        for possible, number in self.guesses.items():
            missed *= (1 - 1 / possible) ** number
        return 1 - missed


class Person:
    """A browser at an IP address. `users` are those that it is recognised by."""

    def __init__(self, ip, users=()):
        self.ip, self.users, self.flow = ip, frozenset(users), None
        self.client = secrets.token_hex(32)

    @property
    def browser(self):
        return Visitor(self.client, secrets.token_hex(32), self.ip, self.users)

    def ask(self, identifier, newcomer=False):
        """Ask for a code, as somebody without an account if need be; tell whether one was granted."""
        strategy = parse(identifier, None).kind.strategy
        try:
            self.flow = sign_in.create(
                InstanceSettings.current(), None, self.browser, identifier, strategy, sign_up_if_missing=newcomer
            )
        except TooManyRequests:
            self.flow = None
        return self.flow is not None

    def again(self):
        """The flow as the next request reads it."""
        self.flow = Flow.objects.get(pk=self.flow.pk)
        return self.flow

    def guess(self, tally):
        """Try a code that was thought up; tell whether more may be tried."""
        flow = self.again()
        verification = flow.known_verifications[0]
        letters = codes.ALPHABETS[verification.alphabet]
        made_up = "".join(secrets.choice(letters) for _ in range(verification.length))
        try:
            sign_in.attempt(
                InstanceSettings.current(), flow, self.browser, Strategy(verification.strategy), made_up
            )
        except (CodeIncorrect, VerificationFailed) as refusal:
            tally.guesses[len(letters) ** verification.length] += 1
            return isinstance(refusal, CodeIncorrect)
        except OTPError as refusal:
            tally.counts[f"guesses refused: {refusal.code}"] += 1
            return False
        tally.counts["broken into"] += 1
        return False

    def come_in(self):
        """Type the code that was sent; tell whether that signs in."""
        flow = self.again()
        verification = flow.known_verifications[0]
        try:
            return (
                sign_in.attempt(
                    InstanceSettings.current(), flow, self.browser, verification.strategy, verification.code()
                ).user
                is not None
            )
        except OTPError:
            return False


def people(number, kind="email_address"):
    """Make so many users; return their identifiers."""
    model, made = get_user_model(), []
    users = model.objects.bulk_create([model(username=f"u{index}") for index in range(number)])
    for index, user in enumerate(users):
        value = f"u{index}@example.com" if kind == "email_address" else f"+1415555{index:04}"
        made.append(Identifier(user=user, kind=kind, value=value))
    Identifier.objects.bulk_create(made)
    return made
