"""`manage.py otp_client`: the JavaScript client as an npm package, in a folder of a front end."""

import hashlib
import json
import re
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

import passwordless_otp

NAME = "django-passwordless-otp"
STATIC = Path(passwordless_otp.__file__).parent / "static/passwordless_otp"
ENTRIES = {".": "client.module", "./react": "react", "./script": "client"}
SOURCES = [f"{stem}{suffix}" for stem in ENTRIES.values() for suffix in (".js", ".d.ts")]
MANIFEST = "package.json"
RECORD = "otpClient"  # in package.json: the digest of each file as it was written


class Command(BaseCommand):
    """Looks at all files before it writes one. Keeps what was changed since the last run, without --overwrite."""

    help = "Write the JavaScript client, its React hooks and their types to a folder, as the npm package " + NAME

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add --to, --overwrite and --dry-run."""
        overwrite = "replace files that were changed since this command wrote them, or that it did not write"
        parser.add_argument("--to", required=True, type=Path, help="the folder, such as frontend/" + NAME)
        parser.add_argument("--overwrite", action="store_true", help=overwrite)
        parser.add_argument("--dry-run", action="store_true", help="say what would be written, and write nothing")

    def handle(self, *_: Any, to: Path, overwrite: bool, dry_run: bool, **_options: Any) -> None:
        """Compare what is there with what it becomes, and write that."""
        files = _package()
        try:
            recorded = _recorded(to)
            there = {name: _digest(_read(to / name)) for name in files if (to / name).exists()}
            changed = [name for name in there if there[name] not in {recorded.get(name), _digest(files[name])}]
            if changed and not overwrite:
                raise CommandError(
                    f"Changed since this command wrote them, or not written by it: {', '.join(changed)}. "
                    "Nothing was written. Keep a copy and use --overwrite, or choose another folder."
                )
            for name, text in files.items():
                self._write(to / name, text, there.get(name), dry_run)
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}.") from None

    def _write(self, path: Path, text: str, there: str | None, dry_run: bool) -> None:
        if there == _digest(text):
            self.stdout.write(f"unchanged  {path}")
            return
        self.stdout.write(f"{'updated' if there else 'new':<9}  {path}")
        if not dry_run:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")


def _package() -> dict[str, str]:
    """Return the files of the package, by name."""
    files = {name: _read(STATIC / name) for name in SOURCES}
    manifest: dict[str, Any] = {
        "name": NAME,
        "version": _npm_version(passwordless_otp.__version__),
        "description": "The JavaScript client of the Django app passwordless_otp, with hooks for React.",
        "license": "BSD-3-Clause",
        "type": "module",
        "sideEffects": ["./client.js"],
        "exports": {
            **{key: {"types": f"./{stem}.d.ts", "default": f"./{stem}.js"} for key, stem in ENTRIES.items()},
            "./package.json": "./package.json",
        },
        "types": "./client.module.d.ts",
        "files": SOURCES,
    }
    recorded = {**files, MANIFEST: json.dumps(manifest)}
    manifest[RECORD] = {name: _digest(text) for name, text in recorded.items()}
    return {**files, MANIFEST: json.dumps(manifest, indent=2) + "\n"}


def _recorded(folder: Path) -> dict[str, str]:
    """Return the digests of what this command has written here. Raises `CommandError` in another package."""
    try:
        text = _read(folder / MANIFEST)
    except FileNotFoundError:
        return {}
    try:
        manifest = json.loads(text)
        recorded: dict[str, str] = manifest.pop(RECORD)
    except (ValueError, TypeError, AttributeError, KeyError):
        raise CommandError(
            f"{folder} has a package.json that this command did not write. Choose a folder of its own."
        ) from None
    if recorded.get(MANIFEST) == _digest(json.dumps(manifest)):
        recorded[MANIFEST] = _digest(text)
    return recorded


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")  # with the line ends of Git on Windows made equal


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _npm_version(version: str) -> str:
    """Return a version of Python packages as npm writes it: 1.0rc1 is 1.0.0-rc.1."""
    found = re.fullmatch(r"(\d+(?:\.\d+){0,2})(?:\.?(a|b|rc|dev)(\d+))?.*", version)
    if found is None:
        return "0.0.0"
    numbers = [*found[1].split("."), "0", "0"][:3]
    return ".".join(numbers) + (f"-{found[2]}.{found[3]}" if found[2] else "")
