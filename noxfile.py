"""The checks of `.ci/run`, one by one: `nox --list` names them, `nox -s lint types` runs two."""

import nox

nox.options.sessions = ["lint", "types", "tests"]
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"

PAIRS = [  # Python and Django, the oldest first
    ("3.11", "5.2"),
    ("3.12", "5.2"),
    ("3.12", "6.0"),
    ("3.13", "6.0"),
    ("3.13", "6.1"),
    ("3.14", "6.1"),
]


@nox.session
def lint(session):
    """ruff, import-linter, and migrations that are complete."""
    session.install("-e", ".[dev]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")
    scratch = {"DEMO_DATABASE": f"{session.create_tmp()}/check.sqlite3"}
    session.run("python", "manage.py", "makemigrations", "--check", "--dry-run", env=scratch)


@nox.session
def types(session):
    """mypy."""
    session.install("-e", ".[dev]")
    session.run("mypy")


@nox.session
@nox.parametrize(("python", "django"), PAIRS)
def tests(session, django):
    """The tests of `python -m pytest`. What follows `--` goes to pytest."""
    session.install("-e", ".[test]", f"Django~={django}.0")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def slow(session):
    """All tests, with every peer. DATABASE_URL names a PostgreSQL; without, SQLite is used."""
    session.install("-e", ".[ci]")
    session.run("python", "-m", "pytest", "-m", "slow or not slow", *session.posargs)


@nox.session
def browser(session):
    """What needs Chromium."""
    session.install("-e", ".[ci]")
    session.run("python", "-m", "pytest", "-m", "browser", *session.posargs)


@nox.session
def wheel(session):
    """The wheel, in an environment of its own."""
    session.install("-e", ".[ci]")
    session.run("python", "-m", "pytest", "-m", "slow or not slow", "tests/packaging", *session.posargs)


@nox.session
def mutation(session):
    """How many of 80 small changes of the rules the tests notice."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "tools.mutation", *(session.posargs or ["--sample", "80"]))
