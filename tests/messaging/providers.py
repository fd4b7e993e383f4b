"""Providers that do what a test tells them to, and remember who was asked."""

import threading

from passwordless_otp.messaging.backends.base import Backend, Receipt

PATH = "tests.messaging.providers.Provider"

does = {}  # name → what it raises; nothing where it takes the message
asked = []  # (name, code), the newest last


def forget():
    does.clear()
    asked.clear()


def entry(name, path=PATH):
    return {"BACKEND": path, "OPTIONS": {"name": name}}


class Provider(Backend):
    """Raises what `does` says."""

    def __init__(self, name):
        self.name = name

    def send(self, message):
        asked.append((self.name, message.code))
        if self.name in does:
            raise does[self.name]
        return Receipt(f"{self.name}-{message.id}")


class Second(Provider):
    """Another provider: each class is one to the providers."""


class Short(Provider):
    """Takes no code longer than five characters."""

    max_code_length = 5


class OutcomeReporting(Provider):
    """Wants to hear what became of a code."""

    reports_outcome = True
    reported_outcomes = []

    def report_outcome(self, provider_id, approved):
        if "report_outcome" in does:
            raise does["report_outcome"]
        self.reported_outcomes.append((provider_id.partition("-")[0], approved))


class Hanging(Provider):
    """Answers only when it is let go."""

    go = threading.Event()
    holds = threading.Semaphore(0)  # released once for each message that it has in its hands

    def send(self, message):
        self.holds.release()
        assert self.go.wait(60)
        return super().send(message)
