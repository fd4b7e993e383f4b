"""What an operator types: `otp_deliver` once and as a loop."""

import os
import re
import signal
import time
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone

from passwordless_otp.messaging import recover, thread_pool
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Message
from tests.attacks.test_faults import Fault
from tests.messaging import workers
from tests.messaging.workers import DELIVER, ask, statuses, taken, until, until_halted

pytestmark = pytest.mark.django_db(transaction=True)
WATCH = [*DELIVER, "--watch", "--interval", "0.1"]


@pytest.fixture(autouse=True)
def drained():
    yield
    assert thread_pool.close(30)


def by(settings, *names, **options):
    chain = [{"BACKEND": f"tests.hooks.{name}", "OPTIONS": options} for name in names]
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {"email": chain, "sms": chain}}


def test_due_messages_are_sent_and_counted(settings, capsys):
    later, *_ = ask(settings, 4)
    later.next_try_at = timezone.now() + timedelta(minutes=1)
    later.save()
    call_command("otp_deliver")
    assert len(memory.sent) == 3
    assert capsys.readouterr().out == "3 due: 3 sent.\n"
    assert statuses() == ["pending", "sent", "sent", "sent"]


def test_unfinished_message_is_marked_unknown_after_a_minute(settings, capsys):
    lost, held = ask(settings, 2)
    for message, ago in [(lost, 61), (held, 50)]:
        message.status, message.claimed_at = "sending", timezone.now() - timedelta(seconds=ago)
        message.save()
    call_command("otp_deliver")
    assert statuses() == ["sending", "unknown"]
    assert Message.objects.get(status="unknown") == lost
    assert capsys.readouterr().out == "0 due: 1 left unfinished by others, now unknown.\n"
    assert not memory.sent


def test_output_holds_neither_addresses_nor_codes(settings, capsys, caplog):
    by(settings, "Shouting")
    [message] = ask(settings)
    call_command("otp_deliver")
    captured = capsys.readouterr()
    printed = captured.out + captured.err + caplog.text
    assert "1 due: 1 unknown." in captured.out
    assert not re.search(r"jane|@|\d{6}(?![-\w])", printed.replace(str(message.pk), ""))


def test_slow_provider_does_not_hold_up_the_rest(settings):
    ask(settings, 8)
    by(settings, "Takes", seconds=1.0)
    started = time.monotonic()
    call_command("otp_deliver")
    assert statuses() == ["sent"] * 8
    assert time.monotonic() - started < 6  # one after the other it would take 8


def test_command_fails_without_a_database(settings):
    ask(settings)
    with connection.execute_wrapper(Fault(1)), pytest.raises(CommandError, match="OperationalError"):
        call_command("otp_deliver")
    assert statuses() == ["pending"]


@pytest.mark.parametrize("interval", ["0", "-1", "nan", "inf", "soon", "1e9"])
def test_interval_out_of_range_is_refused(interval):
    with pytest.raises(CommandError):
        call_command("otp_deliver", "--watch", "--interval", interval)


def test_watcher_survives_a_database_that_goes_away(settings, tmp_path, monkeypatch, capsys):
    """Three looks fail; the fourth finds the message, and the fifth ends it."""
    ask(settings)
    looks = []
    due = recover.due

    def shaky(limit):
        looks.append(limit)
        if len(looks) <= 3:
            raise OperationalError("server closed the connection")
        if len(looks) == 5:
            signal.raise_signal(signal.SIGTERM)
        return due(limit)

    monkeypatch.setattr(recover, "due", shaky)
    call_command("otp_deliver", "--watch", "--interval", "0.2")
    assert statuses() == ["sent"]
    assert capsys.readouterr().err.count("OperationalError") == 3


@pytest.mark.slow
@pytest.mark.postgres
def test_watcher_survives_connections_that_are_cut(settings, tmp_path):
    ask(settings)
    with workers.running(tmp_path, *WATCH):
        until(lambda: statuses() == ["sent"], tmp_path)
        with connection.cursor() as cursor:
            others = "datname = current_database() AND pid <> pg_backend_pid()"
            cursor.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
            assert cursor.rowcount
        ask(settings)
        until(lambda: statuses() == ["sent", "sent"], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("by_signal", [signal.SIGTERM, signal.SIGINT])
def test_ending_watcher_finishes_what_is_under_way_and_begins_nothing(settings, tmp_path, by_signal):
    ask(settings)
    (tmp_path / "halt-answer").touch()
    with workers.running(tmp_path, *WATCH) as process:
        os.kill(until_halted(tmp_path, "answer"), by_signal)
        until(lambda: "Told to end" in (tmp_path / "log").read_text(), tmp_path)
        ask(settings)
        assert statuses() == ["pending", "sending"]
        (tmp_path / "go").touch()
        assert process.wait(workers.PATIENCE) == 0
    assert statuses() == ["pending", "sent"]


@pytest.mark.slow
def test_two_watchers_send_each_message_once(settings, tmp_path):
    with (
        workers.running(tmp_path, *WATCH, log="log1") as one,
        workers.running(tmp_path, *WATCH, log="log2") as two,
    ):
        for number in [1, 2]:
            until(lambda path=tmp_path / f"log{number}": "Looking every" in path.read_text(), tmp_path)
        for _ in range(5):
            ask(settings, 6)
            time.sleep(0.1)
        until(lambda: set(statuses()) == {"sent"}, tmp_path)
        for process in [one, two]:
            process.send_signal(signal.SIGTERM)
            assert process.wait(workers.PATIENCE) == 0
    everything = sorted(message.pk.hex for message in Message.objects.all())
    assert sorted(taken(tmp_path)) == everything


def both_want_the_same(settings, folder, **more):
    """Let one watcher halt before it claims the message, until the other one has sent it."""
    [message] = ask(settings)
    (folder / "halt-claim").touch()
    look_once = [*DELIVER, "--watch", "--interval", "60"]
    with workers.running(folder, *look_once, log="log1", **more) as one:
        until_halted(folder, "claim")
        with workers.running(folder, *WATCH, log="log2", **more) as two:
            until(lambda: statuses() == ["sent"], folder)
            (folder / "go").touch()
            for process in [one, two]:
                process.send_signal(signal.SIGTERM)
                assert process.wait(workers.PATIENCE) == 0
    return taken(folder).count(message.pk.hex)


@pytest.mark.slow
def test_message_that_two_watchers_want_is_sent_by_one(settings, tmp_path):
    assert both_want_the_same(settings, tmp_path) == 1


@pytest.mark.slow
def test_without_the_claim_both_watchers_send_it(settings, tmp_path):
    assert both_want_the_same(settings, tmp_path, WORKER_NAIVE="1") == 2
