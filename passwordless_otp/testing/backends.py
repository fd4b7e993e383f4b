"""The rules that every delivery backend keeps: one test for each rule of docs/writing-a-provider.md."""

# ruff: noqa: D102, S101 - the name of a test is its rule, and an assertion its body
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any, NoReturn

import pytest

from passwordless_otp.messaging.backends.base import Backend, Outgoing, Receipt, Refused, Unavailable, Unclear
from passwordless_otp.testing import messages
from passwordless_otp.testing.backend_under_test import MARGIN, BackendUnderTest
from passwordless_otp.testing.deliveries import send_all
from passwordless_otp.testing.messages import Arrived

LONGEST_ID, LONGEST_CODE = 200, 100  # characters of `provider_id` and of an error's `code` that can be saved
SHORTEST = 4  # digits of a code; and characters from which an option is looked for
THREADS = 4
FAULTS = ["accepts", "refuses", "is_busy", "is_down", "hangs", "breaks_off"]
LOADING = """
import importlib, os, sys
if os.environ.get("DJANGO_SETTINGS_MODULE"):
    __import__("django").setup()
importlib.import_module(sys.argv[1])
print(*[name for name in sys.argv[2:] if name in sys.modules])
"""


class BackendConformance(BackendUnderTest):
    """Subclass it as `Test…`, set `backend_class`, and override the fixtures that let its provider misbehave."""

    def test_it_returns_a_receipt_that_can_be_saved(self, accepts: None, backend: Backend, channel: str) -> None:
        receipt = self.answer(backend, channel)
        assert isinstance(receipt, Receipt), receipt
        assert isinstance(receipt.provider_id, str), receipt
        assert len(receipt.provider_id) <= LONGEST_ID, receipt

    def test_it_takes_every_kind_of_message(self, accepts: None, backend: Backend, message: Outgoing) -> None:
        answer = self.try_once(backend, message).answer
        assert self.fits(message, answer), answer

    def test_a_message_reaches_its_address_and_nobody_else(
        self, accepts: None, backend: Backend, arrived: Callable[[], list[Arrived]], message: Outgoing
    ) -> None:
        assert self.fits(message, self.try_once(backend, message).answer)
        assert [one.to for one in arrived()] == ([message.to] if message.code or not self.has_own_text else [])

    def test_the_text_arrives_unchanged(
        self, accepts: None, backend: Backend, arrived: Callable[[], list[Arrived]], message: Outgoing
    ) -> None:
        assert self.fits(message, self.try_once(backend, message).answer)
        came = arrived()
        assert came or (self.has_own_text and not message.code)
        for one in came:
            if self.has_own_text:
                assert message.code in one.text
                continue
            assert one.text == message.text
            assert one.subject in {None, message.subject}
            assert one.html in {None, message.html}

    def test_a_refusal_is_refused(self, backend: Backend, refuses: None, channel: str) -> None:
        _is(Refused, self.answer(backend, channel))

    def test_a_provider_that_is_busy_is_unavailable(self, backend: Backend, is_busy: None, channel: str) -> None:
        _is(Unavailable, self.answer(backend, channel))

    def test_a_provider_that_is_down_is_unavailable(self, backend: Backend, is_down: None, channel: str) -> None:
        _is(Unavailable, self.answer(backend, channel))

    def test_a_provider_that_hangs_is_given_up_in_time_and_unclear(
        self, backend: Backend, hangs: None, channel: str
    ) -> None:
        _is(Unclear, self.answer(backend, channel))

    def test_a_connection_that_breaks_off_after_the_request_is_unclear(
        self, request: pytest.FixtureRequest, backend: Backend, breaks_off: None, channel: str
    ) -> None:
        _is(Unclear, self.answer(backend, channel))
        if self.defines("arrived"):
            assert len(request.getfixturevalue("arrived")()) <= 1, "it was sent again"

    @pytest.mark.parametrize("fault", FAULTS)
    def test_nothing_that_is_said_holds_the_code_or_the_text(
        self, request: pytest.FixtureRequest, backend: Backend, channel: str, fault: str
    ) -> None:
        request.getfixturevalue(fault)
        message = messages.longest(channel, self.most)
        assert self.try_once(backend, message).leaks(message) == []

    def test_the_same_message_may_come_twice(self, accepts: None, backend: Backend, channel: str) -> None:
        answers = [self.answer(backend, channel) for _ in range(2)]
        assert [isinstance(answer, Receipt) for answer in answers] == [True, True], answers

    def test_threads_may_share_it(
        self, request: pytest.FixtureRequest, accepts: None, backend: Backend, channel: str
    ) -> None:
        sent = messages.to_many(channel, self.most, THREADS)
        answers = send_all(backend, sent, self.gives_up_within + MARGIN)
        assert [answer for answer in answers if not isinstance(answer, Receipt)] == []
        if not self.defines("arrived"):
            return
        came = sorted((one.to, one.text) for one in request.getfixturevalue("arrived")())
        assert [to for to, _ in came] == [one.to for one in sent]
        assert self.has_own_text or came == [(one.to, one.text) for one in sent]

    def test_making_it_asks_nobody(self, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
        asked = []

        def refuse(*args: object, **_: object) -> NoReturn:
            asked.append(args)
            raise ConnectionRefusedError

        for name in ["connect", "connect_ex", "sendto"]:
            monkeypatch.setattr(socket.socket, name, refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)
        with suppress(Exception):
            self.backend_class(**options)
        assert asked == []

    def test_the_sdk_is_not_loaded_before_the_first_message(
        self, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if not self.sdk:
            pytest.skip("names no `sdk`: no package that is to be loaded with the first message only")
        command = [sys.executable, "-c", LOADING, self.backend_class.__module__, *self.sdk]
        path = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(command, env=path, capture_output=True, text=True, timeout=60, check=True)  # noqa: S603
        assert done.stdout.split() == []
        for name in _loaded(self.sdk):
            monkeypatch.delitem(sys.modules, name)
        self.backend_class(**options)
        assert _loaded(self.sdk) == []

    def test_its_repr_shows_no_option(self, backend: Backend, options: dict[str, Any]) -> None:
        values = [value for value in options.values() if isinstance(value, str) and len(value) >= SHORTEST]
        assert [value for value in values if value in repr(backend) + str(backend)] == []

    def test_what_it_declares_has_the_right_type(self) -> None:
        declared, most = self.backend_class, self.backend_class.max_code_length
        assert issubclass(declared, Backend)
        assert most is None or (type(most) is int and most >= SHORTEST)
        assert isinstance(declared.webhook, str)
        assert isinstance(declared.reports_outcome, bool)
        assert not declared.reports_outcome or declared.report_outcome is not Backend.report_outcome


def _is(kind: type[Exception], answer: object) -> None:
    """Assert that the answer is an error of this class whose code can be saved and shown."""
    assert isinstance(answer, kind), repr(answer)
    code = getattr(answer, "code", None)
    assert isinstance(code, str), repr(answer)
    assert 0 < len(code) <= LONGEST_CODE, repr(answer)


def _loaded(packages: Collection[str]) -> list[str]:
    return [name for name in sys.modules if name.partition(".")[0] in packages]
