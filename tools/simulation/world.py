"""A clock for a simulated day, people with browsers and mailboxes, and the worker that sends their messages."""

import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest import mock

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core import signing
from django.utils import timezone

from passwordless_otp import codes, keys
from passwordless_otp.errors import (
    CodeIncorrect,
    OTPError,
    ResourceNotFound,
    TooManyRequests,
    TransferRequired,
    VerificationFailed,
)
from passwordless_otp.flows import sign_in, sign_up, unlock
from passwordless_otp.identifiers import parse
from passwordless_otp.messaging import deliver
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Flow, Identifier, InstanceSettings, Message
from passwordless_otp.models.messages import MessageStatus
from passwordless_otp.rate_limits import windows
from passwordless_otp.visitor import RECOGNISED, Visitor
from tools.simulation.tally import Tally
from tools.site.package import recorded

START = datetime(2030, 1, 7, 8, tzinfo=UTC)
HOUR, DAY = 3600, 86_400  # seconds
WINDOWS = windows.PARTS  # of an hour: at the beginning of one, what is long past no longer counts
UNLOCK_LINK = re.compile(r"/unlock/([^\s/]+)")


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
        with ExitStack() as patches:
            for module in (windows, signing):
                patches.enter_context(mock.patch.object(module, "time", seconds))
            for field in _stamped():
                patches.enter_context(mock.patch.object(field, "_get_default", self._read))
            patches.enter_context(mock.patch.object(timezone, "now", self._read))
            yield self

    def _read(self) -> datetime:
        return self.now


def _stamped() -> list[Any]:
    """Return the fields of the package's models that the current time is the default of."""
    fields = [
        field for model in apps.get_app_config("passwordless_otp").get_models() for field in model._meta.fields
    ]
    return [field for field in fields if field.default is timezone.now]


class Person:
    """Somebody with a browser at an IP address. The browser is recognised for these identifiers."""

    flow: Flow
    refusal: TooManyRequests | None = None  # of the last question for a code

    def __init__(self, ip: str, recognised: Iterable[Identifier] = ()) -> None:
        self.ip, self.known = ip, list(recognised)
        self.client = secrets.token_hex(32)

    @property
    def browser(self) -> Visitor:
        """The visitor of a request."""
        users = frozenset(each.user_id for each in self.known)
        digests = frozenset(keys.digest(RECOGNISED, *each.identifier) for each in self.known)
        return Visitor(self.client, secrets.token_hex(32), self.ip, users, recognised=digests)

    def ask(self, identifier: str, newcomer: bool = False) -> bool:
        """Ask for a code, for a new account if need be. Tell whether the limits let it pass."""
        strategy = parse(identifier, None).kind.strategy
        settings, self.refusal = InstanceSettings.current(), None
        try:
            self.flow = sign_in.create(
                settings, None, self.browser, identifier, strategy, sign_up_if_missing=newcomer
            )
        except TooManyRequests as refusal:
            self.refusal = refusal
        deliver_messages()
        return self.refusal is None

    def has_code(self) -> bool:
        """Tell whether the last message that was asked for has gone out, with a code."""
        message = Message.objects.filter(verification__flow=self.flow).order_by("-pk")[0]
        return message.status == MessageStatus.SENT and message.kind in {"sign_in", "sign_up"}

    def guess(self, tally: Tally) -> bool:
        """Try a random code. Tell whether more may be tried."""
        self._read_again()
        verification = self.flow.known_verifications[0]
        letters = codes.ALPHABETS[verification.alphabet]
        guessed = "".join(secrets.choice(letters) for _ in range(verification.length))
        try:
            self._attempt(guessed)
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

    def type_nonsense(self) -> bool:
        """Hand in a text that is no code. Tell whether the limits let it pass."""
        try:
            self._attempt("x")
        except TooManyRequests:
            return False
        except OTPError:
            return True
        raise AssertionError("a text that is no code was taken for one")

    def come_in(self) -> bool:
        """Hand in the code that was sent, if one was. Tell whether that signs in."""
        if not self.has_code():
            return False
        self._read_again()
        try:
            done = self._attempt(self.flow.known_verifications[0].code())
        except OTPError:
            return False
        self.client = done.client
        return done.user is not None

    def sign_in(self, identifier: str) -> bool:
        """Ask for a code and hand it in. Tell whether that signs in."""
        return self.ask(identifier) and self.come_in()

    def sign_up(self, identifier: str) -> bool:
        """Make an account by a sign-up. Tell whether there is one."""
        kind, _ = parse(identifier, None)
        settings = InstanceSettings.current()
        try:
            self.flow = sign_up.create(settings, None, self.browser, {kind.value: identifier}, kind.strategy)
            deliver_messages()
            if not self.has_code():
                return False
            self._read_again()
            code = self.flow.known_verifications[0].code()
            return sign_up.attempt(settings, self.flow, self.browser, kind.strategy, code).user is not None
        except OTPError:
            return False

    def sign_up_by_transfer(self, identifier: str) -> bool:
        """Make an account from a sign-in with an identifier that nobody has. Tell whether there is one."""
        if not self.ask(identifier, newcomer=True) or not self.has_code():
            return False
        settings = InstanceSettings.current()
        self._read_again()
        try:
            self._attempt(self.flow.known_verifications[0].code())
        except TransferRequired:
            self.client = Flow.objects.get(pk=self.flow.pk).client
        except OTPError:
            return False
        try:
            return sign_up.create(settings, None, self.browser, {}, transfer=True).user is not None
        except OTPError:
            return False

    def open_link(self, token: str) -> bool:
        """Open an unlock link in this browser. Tell whether it works."""
        try:
            unlock.grant(InstanceSettings.current(), token, self.browser)
        except (ResourceNotFound, TooManyRequests):
            return False
        return True

    def _read_again(self) -> None:
        """Read the flow as the next request does."""
        self.flow = Flow.objects.get(pk=self.flow.pk)

    def _attempt(self, code: str) -> Flow:
        settings, strategy = InstanceSettings.current(), self.flow.known_verifications[0].identifier.kind.strategy
        return sign_in.attempt(settings, self.flow, self.browser, strategy, code)


class Owner:
    """Somebody with an account, who tries to get in now and then: in a browser that knows them, and in new ones.

    Each new browser is one. Where it is refused, they open the newest unlock link in their mailbox that works.
    """

    def __init__(self, identifier: Identifier, ip: str = "203.0.113.9") -> None:
        self.identifier, self.ip = identifier, ip
        self.recognised = Person(ip, [identifier])

    def try_in(self, tally: Tally) -> None:
        """Try every way in once, and count what came of it."""
        value = self.identifier.value
        count(tally, "the owner in a recognised browser", self.recognised.sign_in(value))
        person = Person(self.ip)
        came_in = person.sign_in(value)
        count(tally, "the owner in a new browser, without the link", came_in)
        if self.identifier.kind == "email_address":
            came_in = came_in or (any(map(person.open_link, self._links())) and person.sign_in(value))
            count(tally, "the owner in a new browser, with the link", came_in)

    def _links(self) -> Iterator[str]:
        """Yield the unlock links in their mailbox, the newest first."""
        for mail in reversed(memory.sent):
            if mail.to == self.identifier.value:
                yield from UNLOCK_LINK.findall(mail.text)


class Others:
    """Everybody else, at addresses of their own: people with an account in new browsers, and new visitors."""

    def __init__(self, number: int, kind: str = "email_address") -> None:
        self.users = add_users(number, kind, "other")
        self.number = 0

    def try_in(self, tally: Tally) -> None:
        """Let the next of them sign in, and a new visitor sign up."""
        user, ip = self.users[self.number], f"198.51.{self.number // 250}.{self.number % 250}"
        new = f"+1212{300 + self.number}0100" if user.kind == "phone_number" else f"new{self.number}@example.org"
        self.number += 1
        count(tally, "others with an account in a new browser", Person(ip).sign_in(user.value))
        count(tally, "new visitors", Person(ip).sign_up_by_transfer(new))


def count(tally: Tally, who: str, came_in: bool) -> None:
    """Count whether somebody came in."""
    tally.counts[f"{who}: {'in' if came_in else 'refused'}"] += 1


def deliver_messages() -> None:
    """Do what a worker does: deliver what was dispatched."""
    while recorded:
        deliver.run_job(recorded.pop(0))


def add_users(number: int, kind: str = "email_address", prefix: str = "u") -> list[Identifier]:
    """Save so many users and return their identifiers, one each."""
    model: Any = get_user_model()
    numbers = Identifier.objects.count()
    users = model.objects.bulk_create([model(username=f"{prefix}{index}") for index in range(number)])
    identifiers = [
        Identifier(
            user=user,
            kind=kind,
            value=f"+1415{200 + index % 700}{numbers + index:04}"
            if kind == "phone_number"
            else f"{prefix}{index}@example.com",
        )
        for index, user in enumerate(users)
    ]
    return Identifier.objects.bulk_create(identifiers)


def switch_on_sms() -> None:
    """Let people sign in and up with phone numbers as well."""
    settings = InstanceSettings.editable()
    settings.phone_number_enabled = settings.phone_number_used_for_identification = settings.phone_code = True
    settings.save()
