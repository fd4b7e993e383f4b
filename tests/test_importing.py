"""`otp_import`: what is imported, what is not, and how it is counted."""

import csv
import io
import re
import signal
import stat

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.core.management.base import OutputWrapper
from django.db import IntegrityError, OperationalError

from passwordless_otp import identifiers, importing
from passwordless_otp.errors import FormatInvalid
from passwordless_otp.identifiers import Kind
from passwordless_otp.management import progress
from passwordless_otp.models import Identifier
from tests.visitor import EMAIL, PHONE, newest_code, started

pytestmark = pytest.mark.django_db
TRUSTED = ["--from", "users", "--trust"]


def users(*emails, **fields):
    known = User.objects.count()
    return [User.objects.create_user(f"user{known + n}", email, **fields) for n, email in enumerate(emails)]


def held():
    return dict(Identifier.objects.order_by("pk").values_list("value", "user__username"))


@pytest.fixture
def run(capsys, tmp_path):
    """Run the command, and return its last line for email addresses or, with `kind`, for others."""

    def run(*words, kind="Email address"):
        call_command("otp_import", *words, "--report", str(tmp_path / "report.csv"))
        lines = capsys.readouterr().out.splitlines()
        return next((line.partition(": ")[2] for line in lines if line.startswith(f"{kind}: ")), "")

    return run


@pytest.fixture
def reported(tmp_path):
    def read():
        with (tmp_path / "report.csv").open(newline="") as file:
            return [(row["user"], row["value"], row["outcome"]) for row in csv.DictReader(file)]

    return read


@pytest.fixture
def lines(tmp_path):
    def write(*rows):
        path = tmp_path / "given.csv"
        path.write_text("\n".join(rows) + "\n", encoding="utf-8-sig")
        return ["--from", "csv", "--trust", "--file", str(path)]

    return write


def test_imported_user_signs_in_by_code(run):
    users("Jane@Example.com")
    assert run(*TRUSTED) == "1 imported."
    assert started(EMAIL).attempt(newest_code(EMAIL)).json()["response"]["status"] == "complete"
    assert User.objects.get().email == "Jane@example.com"  # which is not rewritten


@pytest.mark.parametrize("words", [["--from", "users"], [*TRUSTED, "--dry-run"]])
def test_nothing_is_saved_unless_the_site_vouches_for_it(run, words):
    users(EMAIL, "nonsense", "twin@example.com", "Twin@example.com")
    assert run(*words) == "1 would be imported, 1 not valid, 2 of several users."
    assert not Identifier.objects.exists()


def test_import_without_trust_says_why_nothing_was_saved(capsys):
    users(EMAIL)
    call_command("otp_import", "--from", "users")
    assert "run it again with --trust" in capsys.readouterr().out


def test_second_run_imports_nothing_and_fails_nowhere(run, reported):
    users(EMAIL, "second@example.com")
    run(*TRUSTED)
    assert run(*TRUSTED) == "2 there already."
    assert reported() == []
    assert len(held()) == 2


def test_active_user_gets_the_address_that_an_inactive_one_has_as_well(run, reported):
    [old] = users("Twin@example.com", is_active=False)
    [new] = users("twin@example.com")
    for words in [["--from", "users"], TRUSTED]:
        assert "1 of another user" in run(*words)
        assert reported() == [(str(old.pk), "Twin@example.com", "of another user")]
    assert held() == {"twin@example.com": new.username}


def test_twins_among_active_users_are_reported_and_nobody_gets_the_address(run, reported, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 1)
    users("Twin@example.com", is_active=False)
    users("twin@example.com", "TWIN@example.com", "a@münchen.example", "A@xn--mnchen-3ya.example")
    assert run(*TRUSTED) == "5 of several users."
    assert [value for _, value, _ in reported()][-1] == "Twin@example.com"
    assert not held()


def test_one_of_the_twins_who_has_proven_the_address_keeps_it(run):
    one, _ = users("twin@example.com", "TWIN@example.com")
    Identifier.objects.adopt(one, one.email)
    assert run(*TRUSTED) == "1 there already, 1 of another user."


def test_email_field_beside_a_proven_address_is_listed_and_not_imported(run, reported):
    [jane] = users("new@example.com")
    Identifier.objects.create(user=jane, kind="email_address", value="proven@example.com")
    assert run(*TRUSTED) == "1 beside another proven one."
    assert reported() == [(str(jane.pk), "new@example.com", "beside another proven one")]


def test_reason_speaks_of_the_kind_that_was_read(run, tmp_path):
    users("not-an-email")
    run(*TRUSTED)
    assert "Type an email address" in (tmp_path / "report.csv").read_text()


def test_phone_numbers_of_a_field_are_read_with_the_region(run, reported):
    User.objects.create_user("jane", first_name="(415) 555-2671")
    User.objects.create_user("joan", first_name="+1 800 555 0100")
    words = [*TRUSTED, "--phone-field", "first_name", "--region", "US"]
    assert run(*words, kind="Phone number") == "1 imported, 1 not valid."
    assert held() == {PHONE: "jane"}


def test_lines_of_a_file_are_imported_by_username_or_key(run, lines, reported):
    jane, joan = users("", "")
    given = lines("username,email,phone", f"{jane.username},J@example.com,{PHONE}", "nobody,x@example.com,")
    assert run(*given) == "1 imported, 1 without a user."
    assert reported() == [("nobody", "x@example.com", "without a user")]
    assert run(
        *lines(
            "pk,email_address", f"{joan.pk},k@example.com", *[f"{key},l@example.com" for key in ["x", "", 9**40]]
        )
    ) == ("1 imported, 3 without a user.")
    assert held() == {"j@example.com": jane.username, PHONE: jane.username, "k@example.com": joan.username}


def test_user_never_gets_a_second_primary_identifier(run, lines, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 2)
    [jane] = users("")
    emails = [f"{letter}@example.com" for letter in "abcde"]
    assert run(*lines("pk,email", *[f"{jane.pk},{email}" for email in [*emails, "A@example.com"]])) == (
        "5 imported, 1 there already."
    )
    assert list(jane.otp_identifiers.filter(primary=True).values_list("value", flat=True)) == ["a@example.com"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--from", "users", "--email-field", "nothing"], "has no field named 'nothing'"),
        (["--from", "users", "--email-field", "groups"], "groups. Name a column"),
        (["--from", "allauth"], "allauth.account is not in INSTALLED_APPS"),
        (["--from", "csv"], "Name the file with --file"),
        (["--from", "csv", "--file", "/nowhere.csv"], "can't be read"),
        (["--from", "csv", "--file", __file__], "It needs pk or username"),
    ],
)
def test_wrong_words_are_refused_with_what_to_do(words, told):
    with pytest.raises(CommandError, match=re.escape(told)):
        call_command("otp_import", *words)


def test_report_can_be_read_by_its_owner_only_and_contains_no_formula(run, tmp_path, lines):
    run(*lines("username,email", "nobody,=HYPERLINK(1)"))
    report = tmp_path / "report.csv"
    assert "'=HYPERLINK" in report.read_text()
    assert stat.S_IMODE(report.stat().st_mode) == 0o600


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "seconds", "shown"),
    [
        (Terminal(), 5, "\r[###############               ] Reading: 1,000 of 2,000 (50%)\n"),
        (io.StringIO(), 0, "Reading: 1,000 of 2,000 (50%)\n"),
        (io.StringIO(), 5, ""),
    ],
)
def test_progress_is_a_bar_on_a_terminal_and_lines_elsewhere(monkeypatch, stream, seconds, shown):
    monkeypatch.setattr(progress, "SECONDS", seconds)
    bar = progress.Progress(OutputWrapper(stream))
    bar.start("Reading", 2000)
    bar.advance(1000)
    bar.close()
    assert stream.getvalue() == shown


def test_output_holds_no_addresses(capsys):
    users(EMAIL, "nonsense")
    call_command("otp_import", *TRUSTED)
    printed = capsys.readouterr().out
    assert EMAIL not in printed
    assert "nonsense" not in printed


class Interrupted(importing.UserFields):
    """Somebody changes an address while the import runs, or stops it."""

    change = None

    def current(self, items, lock):
        if Interrupted.change:
            Interrupted.change(items)
        return super().current(items, lock)


@pytest.fixture
def meanwhile(monkeypatch):
    """Call a function before each batch is saved."""
    monkeypatch.setattr(importing, "UserFields", Interrupted)
    monkeypatch.setattr(importing, "BATCH", 2)
    return lambda change: monkeypatch.setattr(Interrupted, "change", staticmethod(change))


def test_address_that_was_changed_meanwhile_is_not_imported(run, reported, meanwhile):
    users(EMAIL)
    meanwhile(lambda items: User.objects.update(email="new@example.com"))
    assert run(*TRUSTED) == "1 changed meanwhile."
    assert not held()


def test_without_the_second_look_a_changed_address_is_imported(run, meanwhile, monkeypatch):
    users(EMAIL)
    meanwhile(lambda items: User.objects.update(email="new@example.com"))
    monkeypatch.setattr(
        Interrupted,
        "current",
        lambda self, items, lock: (Interrupted.change(items), {(item.user, item.text) for item in items})[1],
    )
    assert run(*TRUSTED) == "1 imported."
    assert list(held()) == [EMAIL]


def test_stopped_import_keeps_whole_batches_and_goes_on_later(capsys, meanwhile, run):
    users(*[f"user{n}@example.com" for n in range(6)])
    stopped = []
    meanwhile(stopped.append)
    done = importing.Import(importing.UserFields({Kind.EMAIL_ADDRESS: "email"}), None, True, print)
    assert not done.run(Silent(), lambda: len(stopped) == 2)
    assert len(held()) == 4
    meanwhile(None)
    assert run(*TRUSTED) == "2 imported, 4 there already."


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_the_import_after_a_batch_and_with_an_error(capsys, meanwhile, number):
    users("a@example.com", "b@example.com", "c@example.com")
    meanwhile(lambda items: signal.raise_signal(number))
    with pytest.raises(CommandError, match="it goes on with what is not there yet"):
        call_command("otp_import", *TRUSTED)
    assert "2 imported." in capsys.readouterr().out


class Silent:
    def start(self, label, total):
        """Show nothing."""

    def advance(self, number):
        """Show nothing."""


def test_refused_batch_is_imported_one_by_one_and_ends_with_an_error(capsys, monkeypatch):
    users("a@example.com", "b@example.com")
    save = Identifier.objects.bulk_create

    def refuse(rows):
        if any(row.value.startswith("a") for row in rows):
            raise IntegrityError
        return save(rows)

    monkeypatch.setattr(Identifier.objects, "bulk_create", refuse)
    with pytest.raises(CommandError, match="1 failed"):
        call_command("otp_import", *TRUSTED)
    assert "1 imported, 1 failed." in capsys.readouterr().out
    assert list(held()) == ["b@example.com"]


def test_lost_database_ends_the_import_with_what_was_done(capsys, meanwhile):
    users("a@example.com", "b@example.com", "c@example.com")
    seen = []

    def fall(items):
        seen.append(items)
        if len(seen) == 2:
            raise OperationalError("gone")

    meanwhile(fall)
    with pytest.raises(CommandError, match=r"OperationalError\. Run the same command again"):
        call_command("otp_import", *TRUSTED)
    assert "2 imported." in capsys.readouterr().out


@pytest.mark.parametrize("region", [None, "US", "DE", "IT"])
@pytest.mark.parametrize(
    "text",
    [
        *(
            "+14155552671",
            "(415) 555-2671",
            "011 1 415 555 2671",
            "+1-800-555-0100",
            "0049 171 1234567",
            "011 49 171 1234567",
            "+229 97123456",
            "+54 11 6677 3399",
            "+39 (0) 333 1234567",
            "+4915112345678",
            "0151 12345678",
        ),
        *(
            "+49 30 901820",
            "+11111111111",
            "+390612345678",
            "+39 312 3456789",
            "911",
            "+",
            "",
            "+1415555267",
            "x",
        ),
        *(
            "+8003333333333",
            "+44 (0) 7400 123456",
            "+447400123456",
            "+1 415 555 26711111",
            "1-1",
            "+14155552671 x5",
        ),
    ],
)
def test_quick_reading_of_numbers_accepts_and_returns_the_same(text, region):
    def slowly():
        value = identifiers.parse_phone(text, region)
        identifiers.require_mobile(value)
        return value

    try:
        expected = slowly()
    except FormatInvalid:
        assert importing._plain_number(text, region) == ""
    else:
        assert importing.canonical(Kind.PHONE_NUMBER, text, region) == expected
