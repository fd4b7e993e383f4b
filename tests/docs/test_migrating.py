"""The examples of docs/migrating.md, and its tables of versions."""

import csv
import io
import re

import pytest
from django.contrib.auth import get_user_model

from passwordless_otp.models import Identifier
from tests.browser.clerk import scripts, test_components, test_frameworks, test_headless, test_react
from tests.docs import site
from tests.docs.blocks import ROOT
from tests.visitor import EMAIL, PHONE, ApiVisitor, both_kinds, newest_code

PAGE = ROOT / "docs/migrating.md"
COLUMNS = [
    *("id", "first_name", "last_name", "username", "primary_email_address", "primary_phone_number"),
    *("verified_email_addresses", "unverified_email_addresses", "verified_phone_numbers"),
    *("unverified_phone_numbers", "totp_secret", "password_digest", "password_hasher"),
]
JANE = {
    "id": "user_2jane",
    "first_name": "Jane",
    "primary_email_address": EMAIL,
    "primary_phone_number": PHONE,
    "verified_email_addresses": f"jane@work.example,{EMAIL}",
    "unverified_email_addresses": "queen@example.com",
    "verified_phone_numbers": PHONE,
}


@pytest.fixture
def example(settings, monkeypatch, db):
    tested = settings.PASSWORDLESS_OTP
    module = site.run(PAGE, settings, monkeypatch)
    settings.PASSWORDLESS_OTP = tested
    return module


def export(*rows):
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    file.seek(0)
    return file


def test_imported_user_signs_in_with_each_verified_identifier(example):
    both_kinds()
    assert example.import_users(export(JANE)) == []
    jane = get_user_model().objects.get()
    assert (jane.username, jane.first_name, jane.has_usable_password()) == ("user_2jane", "Jane", False)
    proven = Identifier.objects.order_by("value").values_list("value", "primary")
    assert list(proven) == [(PHONE, True), (EMAIL, True), ("jane@work.example", False)]
    for identifier, strategy in [
        (PHONE, "phone_code"),
        (EMAIL, "email_code"),
        ("jane@work.example", "email_code"),
    ]:
        visitor = ApiVisitor()
        visitor.sign_in(identifier, strategy)
        assert visitor.attempt(newest_code(identifier), strategy).status_code == 200
        assert visitor.signed_in == f"user_{jane.pk}"


def test_import_can_be_repeated_and_returns_what_it_refused(example):
    joan = {"id": "user_2joan", "verified_email_addresses": f"{EMAIL} nonsense"}
    for _ in range(2):
        refused = example.import_users(export(JANE, joan))
        assert [(name, value) for name, value, _ in refused] == [
            ("user_2joan", EMAIL),
            ("user_2joan", "nonsense"),
        ]
    assert get_user_model().objects.count() == 2
    assert Identifier.objects.count() == 3


def test_passwords_are_removed_from_members_with_an_identifier_only(settings, monkeypatch, db):
    people = get_user_model().objects
    for name in ["jane", "joan", "boss"]:
        user = people.create_user(name, password="secret", is_staff=name == "boss")
        if name != "joan":
            Identifier.objects.create(user=user, kind="email_address", value=f"{name}@example.com")
    site.run(PAGE, settings, monkeypatch)
    assert [user.username for user in people.order_by("username") if user.has_usable_password()] == [
        "boss",
        "joan",
    ]


def words(text):
    return re.sub(r"[^a-z ]", "", text.lower().replace("-", " ").replace("_", " "))


def tried(module, versions):
    """Return the versions that each test of a module runs with, by the words of its name."""
    found = {}
    for name, test in vars(module).items():
        if name.startswith("test_"):
            marks = [mark.args for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
            some = [values for names, values, *_ in marks if names == "version"]
            found[words(name.removeprefix("test_"))] = set(some[0] if some else versions)
    return found


def table(heading):
    """Return the versions with a yes in the table under this heading, by the words of the row."""
    lines = PAGE.read_text().partition(heading)[2].strip().splitlines()
    rows = lines[: lines.index("")] if "" in lines else lines
    names, _, *cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return {
        words(label): {name for name, answer in zip(names[1:], answers, strict=True) if answer == "yes"}
        for label, *answers in cells
    }


@pytest.mark.parametrize(
    ("heading", "module", "versions"),
    [
        ("The calls:", test_headless, scripts.CLERK_JS),
        ("The prebuilt `<SignUp/>` and `<SignIn/>`:", test_components, scripts.CLERK_JS),
        ("The hooks and components for React:", test_react, scripts.REACT),
        ("The packages for version 6:", test_frameworks, scripts.FRAMEWORKS),
    ],
)
def test_tables_of_versions_match_the_tests(heading, module, versions):
    assert table(heading) == tried(module, versions)


def test_documented_versions_are_the_tested_ones():
    text = PAGE.read_text()
    react = [packages["@clerk/clerk-react"] for packages in scripts.REACT.values()]
    frameworks = [packages[f"@clerk/{name}"] for name, packages in scripts.FRAMEWORKS.items()]
    versions = [*scripts.CLERK_JS.values(), scripts.UI, *react, *frameworks]
    assert [version for version in versions if version not in text] == []
