"""`otp_renumber`: which numbers are moved, which are not, and how it is counted."""

import csv
import signal
import stat

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import IntegrityError, OperationalError

from passwordless_otp import renumbering
from passwordless_otp.management import progress
from passwordless_otp.models import Identifier, Message, base

pytestmark = pytest.mark.django_db
OTHER = ["--from", "+2289", "--to", "+22899", "--length", "11"]


def hold(*values, user=None):
    for value in values:
        owner = user or User.objects.create(username=f"user{User.objects.count()}")
        Identifier.objects.create(user=owner, kind="phone_number", value=value, primary=user is None)
    return owner


def held():
    return list(Identifier.objects.order_by("pk").values_list("value", flat=True))


@pytest.fixture
def run(capsys, tmp_path):
    """Run the command, and return the line with its counts."""

    def run(*words):
        try:
            call_command("otp_renumber", *words, "--report", str(tmp_path / "kept.csv"))
        finally:
            lines = capsys.readouterr().out.splitlines()
        return next((line for line in lines if line.startswith(("Phone numbers: ", "There is"))), "")

    return run


@pytest.fixture
def kept(tmp_path):
    def read():
        with (tmp_path / "kept.csv").open(newline="") as file:
            return [(row["value"], row["new value"], row["outcome"]) for row in csv.DictReader(file)]

    return read


@pytest.mark.parametrize(
    ("plan", "old", "new"),
    [
        ("AR", "+541166773399", "+5491166773399"),
        ("BJ", "+22997123456", "+2290197123456"),
        ("BR", "+551161234567", "+5511961234567"),
        ("CI", "+22507014657", "+2250707014657"),
        ("GA", "+24106123456", "+24166123456"),
        ("MX", "+5215512345678", "+525512345678"),
        ("VN", "+841621234567", "+84321234567"),
    ],
)
def test_plan_moves_old_numbers_and_leaves_others(run, kept, plan, old, new):
    hold(old, "+14155552671")
    assert run("--plan", plan, "--dry-run") == "Phone numbers: 1 would be moved."
    assert held() == [old, "+14155552671"]
    assert run("--plan", plan) == "Phone numbers: 1 moved."
    assert held() == [new, "+14155552671"]
    assert run("--plan", plan) == "There is no number to move."
    assert kept() == []
    assert not Message.objects.exists()


def test_change_that_no_plan_knows_is_given_by_prefixes_and_length(run):
    hold("+22897123456", "+2289712345")
    assert run(*OTHER) == "Phone numbers: 1 moved."
    assert held() == ["+228997123456", "+2289712345"]


def test_clash_is_reported_and_nothing_is_merged(run, kept):
    hold("+22997123456", "+2290197123456")
    jane = hold("+22997000000")
    hold("+2290197000000", user=jane)
    before = held()
    for words in [["--dry-run"], []]:
        line = run("--plan", "BJ", *words)
        assert line == "Phone numbers: 1 new form of another user, 1 new form of the same user."
        assert kept() == [
            ("+22997123456", "+2290197123456", "new form of another user"),
            ("+22997000000", "+2290197000000", "new form of the same user"),
        ]
    assert held() == before


def test_two_old_forms_of_one_number_do_not_both_move(run, monkeypatch):
    hold("+24106123456", "+2416123456")
    assert run("--plan", "GA") == "Phone numbers: 1 moved, 1 new form of another user."
    assert held() == ["+24166123456", "+2416123456"]


def test_report_can_be_read_by_its_owner_only(run, tmp_path):
    run("--plan", "BJ")
    assert stat.S_IMODE((tmp_path / "kept.csv").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--from", "+2289", "--to", "+22899"],
        ["--plan", "BJ", *OTHER],
        ["--from", "2289", "--to", "+22899", "--length", "11"],
        ["--from", "+2289", "--to", "+2289", "--length", "11"],
        ["--from", "+2289", "--to", "+22899", "--length", "15"],
        ["--from", "+2289", "--to", "+228", "--length", "7"],
    ],
)
def test_change_that_is_not_given_in_full_is_refused(run, words):
    with pytest.raises(CommandError):
        run(*words)


def test_new_form_that_reads_as_another_number_fails_and_is_not_saved(run, kept):
    hold("+22897123456")
    with pytest.raises(CommandError, match="1 failed"):
        run("--from", "+228", "--to", "+999", "--length", "11")
    assert kept() == [("+22897123456", "+99997123456", "not a number afterwards")]
    assert held() == ["+22897123456"]


def test_number_that_the_database_refuses_fails_alone(run, kept, monkeypatch):
    hold("+22997123456", "+22997123457")
    plain = base.update

    def refuse(model, changes, *words, **values):
        if changes["value"].endswith("6"):
            raise IntegrityError
        return plain(model, changes, *words, **values)

    monkeypatch.setattr(base, "update", refuse)
    with pytest.raises(CommandError, match="1 failed"):
        run("--plan", "BJ")
    assert held() == ["+22997123456", "+2290197123457"]
    assert kept() == [("+22997123456", "+2290197123456", "failed")]


def test_number_that_changes_during_the_run_is_left(run, monkeypatch):
    hold("+22997123456")
    plain = renumbering.Renumbering._move

    def meanwhile(self, rows):
        Identifier.objects.update(value="+22997123458")
        plain(self, rows)

    monkeypatch.setattr(renumbering.Renumbering, "_move", meanwhile)
    assert run("--plan", "BJ") == "Phone numbers: 1 changed meanwhile."
    assert held() == ["+22997123458"]


def test_database_that_goes_away_ends_the_run_with_the_counts(run, monkeypatch):
    hold("+22997123456")

    def gone(self, rows):
        raise OperationalError("gone")

    monkeypatch.setattr(renumbering.Renumbering, "_move", gone)
    with pytest.raises(CommandError, match="Ended by OperationalError"):
        run("--plan", "BJ")


def test_run_that_is_stopped_goes_on_where_it_was(run, monkeypatch):
    monkeypatch.setattr(renumbering, "BATCH", 2)
    hold(*[f"+2299712345{digit}" for digit in range(5)])
    plain = renumbering.Renumbering._move

    def interrupted(self, rows):
        plain(self, rows)
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(renumbering.Renumbering, "_move", interrupted)
    with pytest.raises(CommandError, match="Stopped"):
        run("--plan", "BJ")
    assert [len(value) for value in held()] == [14, 14, 12, 12, 12]
    monkeypatch.setattr(renumbering.Renumbering, "_move", plain)
    assert run("--plan", "BJ") == "Phone numbers: 3 moved."


def test_progress_is_shown(monkeypatch, capsys):
    monkeypatch.setattr(progress, "SECONDS", 0)
    monkeypatch.setattr(renumbering, "BATCH", 1)
    hold("+22997123456", "+22997123457")
    call_command("otp_renumber", "--plan", "BJ")
    assert "Moving: 1 of 2 (50%)" in capsys.readouterr().out
