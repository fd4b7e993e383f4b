"""One delivery through a backend under test, and all that is logged, printed or raised: codes leak there."""

import io
import logging
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from threading import Barrier, Thread

from passwordless_otp.messaging.backends.base import Backend, Outgoing


@dataclass(frozen=True)
class Delivery:
    """What came of one message."""

    answer: object  # what `send` has returned or raised
    said: list[str]  # logs, prints and everything that the exception shows

    def leaks(self, message: Outgoing) -> list[str]:
        """Return each of `said` that contains the code or a line of the text."""
        lines = "\n".join([message.code, message.subject, message.text, message.html]).splitlines()
        secrets = [line for line in lines if line.strip()]
        return [words for words in self.said if any(secret in words for secret in secrets)]


def deliver_once(backend: Backend, message: Outgoing, seconds: float, said: list[str]) -> Delivery:
    """Send the message and add to `said` what the answer shows. Raises `TimeoutError` after so many seconds."""
    [answer] = send_all(backend, [message], seconds)
    said += words_of(answer) if isinstance(answer, BaseException) else [repr(answer)]
    return Delivery(answer, said)


def send_all(backend: Backend, messages: Sequence[Outgoing], seconds: float) -> list[object]:
    """Send each message in a thread of its own, all at once. Return what came back. Raises `TimeoutError`."""
    answers: dict[int, object] = {}
    start = Barrier(len(messages))

    def send(number: int, message: Outgoing) -> None:
        start.wait()
        try:
            answers[number] = backend.send(message)
        except BaseException as error:
            answers[number] = error

    # Daemons: a backend that never comes back must not keep the tests from ending.
    threads = [Thread(target=send, args=pair, daemon=True) for pair in enumerate(messages)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    if len(answers) < len(messages):
        raise TimeoutError(f"`send` did not come back within {seconds:g} s")
    return [answers[number] for number in range(len(messages))]


@contextmanager
def listening(*, prints: bool = False, but: Sequence[str] = ()) -> Iterator[list[str]]:
    """Collect what is logged, except by the loggers in `but`, and what is printed unless the backend `prints`."""
    said: list[str] = []
    handler, out, err = _Listener(said, but), io.StringIO(), io.StringIO()
    made = [logger for logger in logging.root.manager.loggerDict.values() if isinstance(logger, logging.Logger)]
    with ExitStack() as stack:
        stack.enter_context(redirect_stderr(err))
        if not prints:
            stack.enter_context(redirect_stdout(out))
        stack.callback(logging.disable, logging.root.manager.disable)
        logging.disable(logging.NOTSET)
        for logger in [logging.root, *made]:
            stack.callback(setattr, logger, "disabled", logger.disabled)
            stack.callback(logger.setLevel, logger.level)
            logger.disabled = False
            logger.setLevel(logging.DEBUG)
            if logger is logging.root or not logger.propagate:
                stack.callback(logger.removeHandler, handler)
                logger.addHandler(handler)
        yield said
    said += [out.getvalue(), err.getvalue()]


class _Listener(logging.Handler):
    def __init__(self, said: list[str], but: Sequence[str]) -> None:
        super().__init__(logging.DEBUG)
        self.said, self.but = said, but

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the whole record."""
        if record.name in self.but:
            return
        with suppress(Exception):  # arguments that do not fit the format must not stop the delivery
            self.said.append(record.getMessage())
        self.said.extend(repr(value) for value in vars(record).values() if not isinstance(value, int | float))
        if record.exc_info and record.exc_info[1]:
            self.said.extend(words_of(record.exc_info[1]))


def words_of(error: BaseException) -> Iterator[str]:
    """Yield all that the exception shows, and all that its causes and contexts show, suppressed or not."""
    seen: list[BaseException] = []
    waiting = [error]
    while waiting:
        error = waiting.pop()
        if any(error is one for one in seen):
            continue
        seen.append(error)
        yield from [str(error), repr(error), repr(error.args), repr(vars(error))]
        yield from traceback.format_exception_only(error)  # with its notes
        inner = [error.__cause__, error.__context__, *error.args, *getattr(error, "exceptions", [])]
        waiting += [one for one in inner if isinstance(one, BaseException)]
