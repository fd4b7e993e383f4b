"""`manage.py otp_send_test`: send a test message through each provider of a channel."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from passwordless_otp import conf, identifiers
from passwordless_otp.errors import FormatInvalid
from passwordless_otp.identifiers import IdentifierValue, Kind
from passwordless_otp.messaging import routes
from passwordless_otp.messaging.backends.base import DeliveryError, Outgoing
from passwordless_otp.models.base import uuid7

CODE = "000000"
LIFE = 600  # seconds


class Command(BaseCommand):
    """Ends with status 1 where no provider took the message. Nothing is saved, also no provider's health."""

    help = "Send a test message to yourself through each provider of the channel, and say what each answered."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add --to, --backend and --no-input."""
        which = "only the first, second … provider of the channel: 1, 2 …"
        parser.add_argument("--to", required=True, help="jane@example.com, or a number such as +12025550123")
        parser.add_argument("--backend", type=int, help=which)
        parser.add_argument("--no-input", "--noinput", action="store_false", dest="ask", help="do not ask first")

    def handle(self, *_: Any, **options: Any) -> None:
        """Send through one provider after the other."""
        recipient = _parse(options["to"])
        providers = list(enumerate(routes.providers_of(recipient.kind.channel), 1))
        chosen = [pair for pair in providers if options["backend"] in {None, pair[0]}]
        if not chosen:
            offered = f"{len(providers)} providers for {recipient.kind.channel}"
            raise CommandError(f"There are {offered}: count from 1.")
        if options["ask"]:
            self._ask(recipient, [provider.name for _, provider in chosen])
        taken = [self._try(number, provider, _outgoing(recipient)) for number, provider in chosen]
        if not any(taken):
            raise CommandError("No provider took it.")

    def _ask(self, recipient: IdentifierValue, names: list[str]) -> None:
        self.stdout.write(f"A test message goes to {identifiers.mask(recipient)} through {', '.join(names)}.")
        try:
            answer = input("Providers may charge for it. Send it? [y/N] ")
        except EOFError:
            raise CommandError("Nobody is there to answer. Use --no-input.") from None
        if answer.strip().lower() not in {"y", "yes"}:
            raise CommandError("Nothing was sent.")

    def _try(self, number: int, provider: routes.Provider, outgoing: Outgoing) -> bool:
        """Print what this provider answers; of an error only its code, since its text may hold credentials."""
        started = time.monotonic()
        try:
            receipt = provider.backend().send(outgoing)
        except DeliveryError as error:
            answer, taken = f"{type(error).__name__}: {error.code}", False
        except Exception as error:
            answer, taken = type(error).__name__, False
        else:
            answer, taken = f"taken, id {receipt.provider_id or 'none'}", True
        milliseconds = round((time.monotonic() - started) * 1000)
        self.stdout.write(f"{number}. {provider.name}: {answer} ({milliseconds} ms)")
        return taken


def _parse(text: str) -> IdentifierValue:
    try:
        return identifiers.parse(text, conf.default_region())
    except FormatInvalid as error:
        raise CommandError(f"--to is neither an email address nor a phone number. {error.long_message}") from None


def _outgoing(recipient: IdentifierValue) -> Outgoing:
    site = conf.public_domain() or "this site"
    text = f"TEST from {site}. {CODE} is not a real code: an operator tries whether messages arrive."
    kind, to = recipient
    subject = f"TEST from {site}" if kind == Kind.EMAIL_ADDRESS else ""
    return Outgoing(
        id=uuid7().hex, channel=kind.channel, to=to, subject=subject, text=text, code=CODE, seconds_left=LIFE
    )
