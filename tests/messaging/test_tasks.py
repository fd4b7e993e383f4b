"""Django's own task queue, or its backport: in this process, and with a worker of its own."""

import json
import sqlite3
import sys
from contextlib import closing
from importlib import import_module

import pytest

from passwordless_otp.checks import check_deployment, check_settings
from passwordless_otp.messaging import recover
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Message
from tests.messaging import workers
from tests.messaging.worker_packages import BUILT_IN
from tests.messaging.workers import taken, until
from tests.visitor import EMAIL, ApiVisitor, newest_code

pytestmark = pytest.mark.django_db
PACKAGE = "django.tasks" if BUILT_IN else "django_tasks"
ASK = f"""
import django
django.setup()
from tests.visitor import ApiVisitor
assert ApiVisitor().sign_up(email_address="{EMAIL}", strategy="email_code").status_code == 200
"""


@pytest.fixture
def queue(settings, request):
    """A backend of Django's: one that only collects, or the one that a test names."""
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tasks"}
    name = getattr(request, "param", "dummy.DummyBackend")
    module, _, kind = name.partition(".")
    backend = getattr(import_module(f"{PACKAGE}.backends.{module}"), kind)(alias="default", params={})
    backends = import_module(PACKAGE).task_backends
    backends["default"] = backend
    yield backend
    del backends["default"]


def busy(settings):
    entry = {"BACKEND": "tests.hooks.Raises", "OPTIONS": {"name": "Unavailable"}}
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {"email": [entry]}}


def asked():
    visitor = ApiVisitor()
    assert visitor.sign_up(email_address=EMAIL, strategy="email_code").status_code == 200
    return visitor, Message.objects.get()


@pytest.mark.parametrize("queue", ["immediate.ImmediateBackend"], indirect=True)
def test_task_delivers(queue):
    visitor, message = asked()
    assert message.status == "sent"
    assert visitor.attempt(newest_code()).status_code == 200


def test_queue_gets_the_id_and_nothing_else(queue):
    _, message = asked()
    [result] = queue.results
    assert (list(result.args), result.kwargs) == ([str(message.pk)], {})
    assert message.status == "pending"
    assert not memory.sent


def test_task_that_found_no_provider_is_deferred(queue, settings):
    _, message = asked()
    busy(settings)
    queue.results[0].task.call(str(message.pk))
    message.refresh_from_db()
    again = queue.results[1]
    assert again.task.run_after == message.next_try_at
    assert list(again.args) == [str(message.pk)]


@pytest.mark.parametrize("queue", ["immediate.ImmediateBackend"], indirect=True)
def test_retry_of_a_queue_that_can_not_defer_is_left_to_recover(queue, settings):
    busy(settings)
    _, message = asked()
    assert (message.status, message.delivery_tries) == ("pending", 1)
    Message.objects.update(next_try_at=message.created_at)
    assert recover.recover_all() == 1


def test_queue_that_is_down_changes_no_answer(queue, monkeypatch, caplog):
    def down(*_):
        raise ConnectionError

    monkeypatch.setattr(type(queue), "enqueue", down)
    assert asked()[1].status == "pending"
    assert "ConnectionError" in caplog.text


def test_without_a_task_queue_the_check_says_so(settings, monkeypatch):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tasks"}
    assert check_settings() == []
    for name in ["django.tasks", "django_tasks"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "passwordless_otp.messaging.tasks")
    assert [(found.id, bool(found.hint)) for found in check_settings()] == [("passwordless_otp.E004", True)]


@pytest.mark.parametrize("queue", ["dummy.DummyBackend", "immediate.ImmediateBackend"], indirect=True)
def test_task_queue_without_a_worker_must_not_go_live(queue, settings):
    mail = [{"BACKEND": "passwordless_otp.messaging.backends.email.EmailBackend"}]
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {"email": mail, "sms": mail}}
    assert [found.id for found in check_deployment()] == ["passwordless_otp.E006"]


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A database of its own, with the tables of the queue in it; SQLite, whatever the other tests use."""
    path = tmp_path / "db.sqlite3"
    monkeypatch.delenv("DATABASE_URL", raising=False)
    more = {"SERVE_DATABASE": str(path), "WORKER_DISPATCH": "tasks"}

    def run(*command):
        with workers.running(tmp_path, *command, log="log-site", **more) as process:
            assert process.wait(workers.PATIENCE) == 0, (tmp_path / "log-site").read_text()

    def rows(sql):
        with closing(sqlite3.connect(path, timeout=20)) as database:
            return database.execute(sql).fetchall()

    run("manage.py", "migrate", "-v", "0")
    return run, rows, more


WORKER = ["manage.py", "db_worker", "--interval", "0.1", "--no-startup-delay", "--no-reload"]


@pytest.mark.slow
@pytest.mark.parametrize("lines", ["", "once\n"], ids=["at once", "the second time"])
def test_worker_of_the_database_queue_delivers(site, tmp_path, lines):
    run, rows, more = site
    (tmp_path / "busy").write_text(lines)
    run("-c", ASK)
    [(pk, status)] = rows("SELECT id, status FROM passwordless_otp_message")
    [(payload,)] = rows("SELECT args_kwargs FROM django_tasks_database_dbtaskresult")
    assert status == "pending"
    [argument] = json.loads(payload)["args"]
    assert (argument.replace("-", ""), json.loads(payload)["kwargs"]) == (pk, {})
    with workers.running(tmp_path, *WORKER, **more):
        until(lambda: rows("SELECT status FROM passwordless_otp_message") == [("sent",)], tmp_path)
    assert taken(tmp_path) == [pk]
