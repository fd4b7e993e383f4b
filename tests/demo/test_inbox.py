"""The demo's delivery: a line in the terminal, and a message on the page."""

from collections import deque

import pytest

from example_project import inbox
from example_project.inbox import InboxBackend
from passwordless_otp.messaging.backends.base import Outgoing

SMS = Outgoing("1", "sms", "+14155552671", "", "123456 is your code.\n\n@example.com #123456", "123456", 600)
EMAIL = Outgoing("2", "email", "jane@example.com", "123456 is your code", "Type it.", "123456", 600)


@pytest.fixture(autouse=True)
def empty(monkeypatch):
    monkeypatch.setattr(inbox.inbox, "received", deque(maxlen=3))


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (SMS, "[sms to +14155552671] 123456 is your code.\n"),
        (EMAIL, "[email to jane@example.com] 123456 is your code\n"),
    ],
)
def test_a_message_is_one_line_in_the_terminal(capsys, message, line):
    InboxBackend().send(message)
    assert capsys.readouterr().out == line


def test_the_inbox_keeps_the_newest_first_and_not_for_ever():
    for message in [SMS, SMS, EMAIL, SMS, EMAIL]:
        InboxBackend().send(message)
    assert [received.message for received in inbox.inbox.received] == [EMAIL, SMS, EMAIL]
