"""`manage.py otp_client`: the client as an npm package."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

import passwordless_otp
from passwordless_otp.management.commands.otp_client import SOURCES, _npm_version
from tests.js.packages import STATIC


@pytest.fixture
def write(tmp_path):
    """Return a function that runs the command for this test's folder, and answers what it says of each file."""

    def run(*options, to=tmp_path / "otp"):
        out = StringIO()
        call_command("otp_client", "--to", str(to), *options, stdout=out)
        return {line.split()[1].rpartition("/")[2]: line.split()[0] for line in out.getvalue().splitlines()}

    return run


def text_of(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_files_of_package_are_the_static_files(write, tmp_path):
    assert set(write().values()) == {"new"}
    files = text_of(tmp_path / "otp")
    manifest = json.loads(files.pop("package.json"))
    assert files == {name: (STATIC / name).read_text() for name in SOURCES}
    assert manifest["version"] == passwordless_otp.__version__
    named = [path for entry in manifest["exports"].values() if isinstance(entry, dict) for path in entry.values()]
    assert {path.removeprefix("./") for path in named} == set(files) == set(manifest["files"])


def test_second_run_changes_nothing(write):
    write()
    assert set(write().values()) == {"unchanged"}


def test_dry_run_writes_nothing(write, tmp_path):
    assert set(write("--dry-run").values()) == {"new"}
    assert list(tmp_path.iterdir()) == []


def test_files_of_earlier_version_are_updated(write, monkeypatch, tmp_path):
    monkeypatch.setattr(passwordless_otp, "__version__", "0.0.9")
    write()
    monkeypatch.undo()
    (tmp_path / "otp/react.js").unlink()
    said = write()
    assert {name for name in said if said[name] != "unchanged"} == {"package.json", "react.js"}
    assert json.loads((tmp_path / "otp/package.json").read_text())["version"] == passwordless_otp.__version__


@pytest.mark.parametrize("name", ["react.js", "client.d.ts", "package.json"])
def test_changed_file_is_replaced_only_when_told(write, tmp_path, name):
    write()
    path = tmp_path / "otp" / name
    ours = path.read_text()
    path.write_text(ours.replace("s", "z", 1) if name != "package.json" else ours.replace("BSD", "GPL"))
    (tmp_path / "otp/client.js").unlink()
    before = text_of(tmp_path / "otp")
    with pytest.raises(CommandError, match=f"not written by it: {name}"):
        write()
    assert text_of(tmp_path / "otp") == before
    assert write("--overwrite")[name] == "updated"
    assert path.read_text() == ours


def test_line_ends_of_windows_are_no_change(write, tmp_path):
    write()
    for path in (tmp_path / "otp").iterdir():
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert set(write().values()) == {"unchanged"}


def test_project_of_site_keeps_its_package_json(write, tmp_path):
    for text in ['{"name": "shop"}', "[]", "{"]:
        (tmp_path / "package.json").write_text(text)
        with pytest.raises(CommandError, match="did not write"):
            write("--overwrite", to=tmp_path)
        assert text_of(tmp_path) == {"package.json": text}


def test_folder_that_cannot_be_written_is_named(write, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="file"):
        write(to=tmp_path / "file/otp")


@pytest.mark.parametrize(
    ("python", "npm"),
    [("0.1.0", "0.1.0"), ("1.2", "1.2.0"), ("1.0rc1", "1.0.0-rc.1"), ("2.0.1.dev3+g1", "2.0.1-dev.3")],
)
def test_version_is_one_that_npm_takes(python, npm):
    assert _npm_version(python) == npm
