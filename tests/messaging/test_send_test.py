"""`manage.py otp_send_test`."""

import re
import sys
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from passwordless_otp.messaging.backends import memory

MEMORY = {"BACKEND": "passwordless_otp.messaging.backends.memory.MemoryBackend"}


def raises(name):
    return {"BACKEND": "tests.hooks.Raises", "OPTIONS": {"name": name}}


def send(to="jane@example.com", *options):
    """What it prints, and what is wrong."""
    out = StringIO()
    try:
        call_command("otp_send_test", "--to", to, "--no-input", *options, stdout=out)
    except CommandError as error:
        return out.getvalue(), str(error)
    return out.getvalue(), ""


@pytest.fixture
def chain(settings):
    def use(*entries):
        delivery = {"email": list(entries), "sms": list(entries)}
        settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": delivery}

    use(MEMORY)
    return use


def test_each_provider_is_tried_and_its_answer_is_printed(chain):
    chain(raises("Refused"), MEMORY, raises("Unclear"))
    printed, wrong = send()
    lines = printed.splitlines()
    assert not wrong
    assert re.fullmatch(r"1\. tests\.hooks\.Raises: Refused: bad number \(\d+ ms\)", lines[0])
    assert re.fullmatch(r"2\. .*MemoryBackend: taken, id memory-[0-9a-f]{32} \(\d+ ms\)", lines[1])
    assert re.fullmatch(r"3\. tests\.hooks\.Raises#2: Unclear: bad number \(\d+ ms\)", lines[2])


def test_message_says_that_it_is_a_test_with_no_real_code(chain):
    for to in ["jane@example.com", "+12025550123"]:
        send(to)
        message = memory.sent[-1]
        assert (message.to, message.code) == (to, "000000")
        assert "TEST" in message.text
        assert "000000 is not a real code" in message.text
        assert len(message.text) <= 160
        assert message.text.isascii()
        assert bool(message.subject) is ("@" in to)


def test_command_fails_if_no_provider_took_the_message(chain):
    chain(raises("Unavailable"), {"BACKEND": "tests.hooks.Nothing"})
    printed, wrong = send()
    assert wrong == "No provider took it."
    assert len(printed.splitlines()) == 2


def test_one_provider_can_be_chosen(chain):
    chain(raises("Refused"), MEMORY)
    assert send("jane@example.com", "--backend", "2")[1] == ""
    assert send("jane@example.com", "--backend", "1")[1] == "No provider took it."
    for number in ["0", "3", "-1"]:
        assert "count from 1" in send("jane@example.com", f"--backend={number}")[1]
    assert len(memory.sent) == 1


@pytest.mark.parametrize(
    "to", ["", "jane", "jane@", "a@b.example, c@d.example", "+1", "12", "jane@example.com\nBcc: x@y.z"]
)
def test_text_that_is_no_address_is_refused(chain, to):
    assert "neither" in send(to)[1]
    assert not memory.sent


def test_exception_is_named_and_not_quoted(chain):
    chain({"BACKEND": "tests.hooks.Secretive"})
    printed, _ = send()
    assert "RuntimeError" in printed
    assert "token-123" not in printed
    assert "jane" not in printed


@pytest.mark.parametrize(("typed", "sent"), [("y\n", 1), ("Yes\n", 1), ("\n", 0), ("no\n", 0), ("", 0)])
def test_operator_is_asked_before_anything_is_sent(chain, monkeypatch, capsys, typed, sent):
    monkeypatch.setattr(sys, "stdin", StringIO(typed))
    try:
        call_command("otp_send_test", "--to", "jane@example.com")
    except CommandError:
        assert not sent
    printed = capsys.readouterr().out
    assert len(memory.sent) == sent
    assert "j•••@e•••.com" in printed
    assert "MemoryBackend" in printed
    assert "jane" not in printed


@pytest.mark.django_db
def test_command_takes_no_statement(chain, django_assert_num_queries):
    with django_assert_num_queries(0, connection=connection):
        assert send()[1] == ""
