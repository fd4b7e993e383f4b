"""django-tenants: a schema for each tenant, on a real PostgreSQL. `tenants/visits.py` is what happens there."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager

import pytest
from django.db import connection

from tests import needs
from tests.demo.served import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
A, B = "https://a.shop.example/", "https://b.shop.example/"


@contextmanager
def database():
    """A new database beside the test's own, which django-tenants could not use."""
    psycopg = needs.package("psycopg")
    given, name = connection.get_connection_params(), f"passwordless_otp_tenants_{os.getpid()}"
    options = {key: given[key] for key in ["user", "password", "host", "port"] if key in given}
    with psycopg.connect(dbname="postgres", autocommit=True, **options) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield name
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def run(*command, **more):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **more}
    command = [sys.executable, *command]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def visited(settings, installed):
    """What came of the visits to a site with these settings."""
    needs.package("django_tenants")
    needs.postgresql()
    with database() as name:
        chosen = f"tests.projects.tenants.{settings}"
        path = f"{installed}{os.pathsep}{ROOT}"
        variables = {"PYTHONPATH": path, "SERVE_DATABASE": name, "DJANGO_SETTINGS_MODULE": chosen}
        process = run("-P", "-m", "tests.projects.tenants.visits", **variables)
    assert process.returncode == 0, process.stderr[-4000:]
    return json.loads(process.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def visits(installed):
    return visited("settings", installed)


def test_tenants_may_share_their_users(installed):
    assert visited("shared_settings", installed) == {
        "sign_up": "complete",
        "sign_in": "complete",
        "tenant": "PUBLIC",
    }


def test_threads_deliver_in_the_schema_of_the_tenant_who_was_asked(visits):
    found = visits["threads"]
    assert (found["status"], found["statuses"], found["other"]) == ("complete", ["sent"] * 3, [])
    assert found["tenants"] == ["A"] * 3


def test_messages_name_the_tenant_and_link_to_the_host_that_was_asked(visits):
    for text in visits["threads"]["texts"]:
        assert "AAA" in text
        assert "a.shop.example" in text
    assert f"{A}auth/not-me/" in visits["threads"]["texts"][-1]


def test_two_tenants_within_a_second_see_their_own_settings(visits):
    found = visits["settings"]
    assert found["quick"]
    assert found["seen"] == [["AAA", "public", A], ["BBB", "restricted", B], ["AAA", "public", A]]


def test_switch_of_one_tenant_changes_nothing_for_another(visits):
    assert visits["superusers"] == {"a": True, "b": False}
    assert visits["restrictions"] == [["form_email_address_blocked"], []]


def test_tenant_command_delivers_for_this_tenant_only(visits):
    assert visits["tenant_command"] == {"a": ["sent"], "b": ["pending"], "output": "1 due: 1 sent."}


def test_command_delivers_for_all_tenants(visits):
    assert visits["command"] == {"a": ["sent"], "b": ["sent"], "output": "2 due: 2 sent."}


def test_tenant_without_tables_is_named_and_holds_up_nobody(visits):
    found = visits["not_ready"]
    assert (found["a"], found["b"], found["output"]) == (["sent"], ["sent"], "2 due: 2 sent.")
    assert found["errors"] == "Schema 't_0' can't be used: ProgrammingError."


def test_purge_works_for_all_tenants_and_fails_if_one_has_no_tables(visits):
    told = "Schema 't_0' can't be used: ProgrammingError."
    assert visits["purge"] == {"t_a": 0, "t_b": 0, "errors": told}


def test_job_of_a_queue_names_the_schema_and_is_run_there(visits):
    found = visits["queue"]
    assert found["job"].startswith("t_a/")
    assert (found["tenants"], found["after"]) == (["A"], "public")
    assert found["gone"] == "no tenant has the schema 't_gone'"


def test_notice_goes_out_in_the_schema_where_it_was_saved_whatever_the_commit_is_in(visits):
    assert visits["transaction"] == ["A"]


def test_failing_provider_of_one_tenant_is_not_passed_over_for_another(visits):
    assert visits["health"] == {"t_a": False, "t_b": True}


OURS, USERS, BOTH = "passwordless_otp", "django.contrib.auth", "django.contrib.contenttypes"


@pytest.mark.parametrize(
    ("shared", "own", "found"),
    [
        ([BOTH], [USERS, OURS], False),
        ([BOTH, USERS, OURS], ["django.contrib.admin"], False),
        ([BOTH, USERS], [USERS, OURS], False),  # the public schema has users, too, who don't sign in with codes
        ([BOTH, USERS, OURS], [USERS, OURS], True),
        ([BOTH, USERS, OURS], [USERS], True),
        ([BOTH, USERS, OURS, OURS + ".apps.PasswordlessOTPConfig"], [USERS], True),
        ([BOTH, USERS], [OURS], True),
    ],
)
def test_tables_apart_from_the_users_are_an_error(shared, own, found, settings, monkeypatch):
    from django.apps import apps

    from passwordless_otp.checks import check_tenants

    installed = apps.is_installed
    monkeypatch.setattr(apps, "is_installed", lambda name: name == "django_tenants" or installed(name))
    settings.SHARED_APPS, settings.TENANT_APPS = shared, own
    assert [finding.id for finding in check_tenants()] == ["passwordless_otp.E017"] * found
    settings.HAS_MULTI_TYPE_TENANTS = True
    settings.TENANT_TYPES = {"public": {"APPS": shared}, "shop": {"APPS": own}, "other": {"APPS": []}}
    assert [finding.id for finding in check_tenants()] == ["passwordless_otp.E017"] * found
