"""Backends that break rules of the kit, and one that breaks none. `conformance_cases` names the rules."""

import json
import logging
import socket
import sys
import time
from contextlib import suppress
from http.client import RemoteDisconnected
from threading import Lock
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from passwordless_otp.messaging.backends.base import Backend, Receipt, Refused, Unavailable, Unclear

LEAST = 0.05  # seconds in which the other threads come this far, too
quiet = logging.getLogger("tests.messaging.quiet")
quiet.propagate = False


class Honest(Backend):
    """Keeps every rule. The others change one method of it."""

    timeout = 0.5

    def __init__(self, url, token):
        self.url, self.token = url, token

    def send(self, message):
        try:
            name = self.ask({"to": message.to, "text": message.text})
        except Exception as error:
            failure = self.failure(error)
        else:
            return self.receipt(name)
        raise failure

    def ask(self, body):
        with urlopen(Request(self.url, json.dumps(body).encode()), timeout=self.timeout) as answer:
            return json.load(answer)["id"]

    def failure(self, error):
        if isinstance(error, HTTPError):
            return (Unavailable if error.code >= 500 else Refused)(f"http {error.code}")
        return (Unavailable if isinstance(error, URLError) else Unclear)(type(error).__name__)

    def receipt(self, name):
        return Receipt(name)


class NumbersItsReceipts(Honest):
    def receipt(self, name):
        return Receipt(int(name))


class NamesItsReceiptsAtLength(Honest):
    def receipt(self, name):
        return Receipt("7" * 201)


class SpeaksLatin(Honest):
    def send(self, message):
        message.text.encode("latin-1")
        return super().send(message)


class KnowsShortNumbers(Honest):
    def send(self, message):
        if len(message.to) > 13:
            raise Refused("too long")
        return super().send(message)


class TellsAnArchive(Honest):
    def ask(self, body):
        super().ask({**body, "to": "+14155550000"})
        return super().ask(body)


class DropsThePlus(Honest):
    def ask(self, body):
        return super().ask({**body, "to": body["to"].strip("+")})


class Strips(Honest):
    def ask(self, body):
        return super().ask({**body, "text": body["text"].strip()})


class SendsOneLine(Honest):
    def ask(self, body):
        return super().ask({**body, "text": body["text"].splitlines()[0]})


def mistaking(this, kind):
    """Make the method that takes `this` error for another kind."""

    def failure(self, error):
        by_status = isinstance(error, HTTPError) and error.code == this
        by_class = isinstance(this, type) and type(error) is this
        if not by_status and not by_class:
            return Honest.failure(self, error)
        return kind("mistaken") if kind else RuntimeError("let out")

    return failure


class TakesARefusalForBusy(Honest):
    failure = mistaking(400, Unavailable)


class LetsARefusalOut(Honest):
    failure = mistaking(400, None)


class TakesBusyForARefusal(Honest):
    failure = mistaking(503, Refused)


class TakesBusyForUnclear(Honest):
    failure = mistaking(503, Unclear)


class TakesDownForUnclear(Honest):
    failure = mistaking(URLError, Unclear)


class LetsDownOut(Honest):
    failure = mistaking(URLError, None)


class WaitsForEver(Honest):
    timeout = None


class TakesSilenceForDown(Honest):
    failure = mistaking(TimeoutError, Unavailable)


class TakesABreakForDown(Honest):
    failure = mistaking(RemoteDisconnected, Unavailable)


class SendsAgainAfterABreak(Honest):
    def ask(self, body):
        try:
            return super().ask(body)
        except RemoteDisconnected:
            return super().ask(body)


class QuotesInItsError(Honest):
    def send(self, message):
        try:
            return super().send(message)
        except Refused:
            pass
        raise Refused(message.text)


class HasTheAnswerAsContext(Honest):
    def ask(self, body):
        try:
            return super().ask(body)
        except HTTPError as error:
            raise HTTPError(self.url, error.code, error.read().decode(), {}, None) from None

    def send(self, message):
        try:
            return {"id": self.ask({"to": message.to, "text": message.text})} and Receipt("1")
        except Exception as error:
            raise self.failure(error) from None


class Notes(Honest):
    def send(self, message):
        try:
            return super().send(message)
        except Refused as error:
            error.add_note(f"the code was {message.code}")
            raise


class LogsQuietly(Honest):
    def ask(self, body):
        quiet.debug("sending", extra={"body": body})
        return super().ask(body)


class Prints(Honest):
    def ask(self, body):
        print(body)
        return super().ask(body)


class PrintsErrors(Honest):
    def failure(self, error):
        if isinstance(error, HTTPError):
            sys.stderr.write(error.read().decode())
        return super().failure(error)


class RefusesDuplicates(Honest):
    def __init__(self, **options):
        super().__init__(**options)
        self.known = set()

    def send(self, message):
        if message.id in self.known:
            raise Refused("duplicate")
        self.known.add(message.id)
        return super().send(message)


class IgnoresDuplicates(RefusesDuplicates):
    def send(self, message):
        try:
            return super().send(message)
        except Refused as error:
            if error.code != "duplicate":
                raise


class SharesAMessage(Honest):
    def send(self, message):
        self.message = message
        time.sleep(LEAST)
        return super().send(self.message)


class ServesOneAtATime(Honest):
    lock = Lock()

    def send(self, message):
        if not self.lock.acquire(blocking=False):
            raise Unavailable("in use")
        try:
            time.sleep(LEAST)
            return super().send(message)
        finally:
            self.lock.release()


class CallsWhenMade(Honest):
    def __init__(self, **options):
        super().__init__(**options)
        host, _, port = self.url.strip("/").rpartition("/")[2].partition(":")
        socket.create_connection((host, int(port))).close()


class LooksUpWhenMade(Honest):
    def __init__(self, **options):
        super().__init__(**options)
        with suppress(OSError):
            socket.getaddrinfo("localhost", 80)


class LoadsAtTheTop(Honest):
    loads = ["json"]


class LoadsWhenMade(Honest):
    loads = ["colorsys"]

    def __init__(self, **options):
        import colorsys  # noqa: F401

        super().__init__(**options)


class ShowsItsToken(Honest):
    def __repr__(self):
        return f"<{vars(self)}>"


class ShowsItsAddress(Honest):
    def __str__(self):
        return f"provider at {self.url}"


class CountsInWords(Honest):
    max_code_length = "10"


class ReportsNoOutcome(Honest):
    reports_outcome = True
