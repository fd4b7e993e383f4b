"""The app as it is installed, and the fixture that makes a project with it."""

import zipfile

import pytest

from tests import needs
from tests.packaging.conftest import wheel  # noqa: F401
from tests.projects.harness import Project


def pytest_collection_modifyitems(items):
    """Mark every test of this folder as slow: each starts processes."""
    for item in items:
        if "tests/projects/" in item.path.as_posix():
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory):  # noqa: F811
    """The folder into which the wheel was unpacked."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture
def project(installed, tmp_path):
    """Return a function that makes a project: its name, the modules that it needs, and options of `Project`."""

    def make(name, packages=(), **options):
        needs.installed(*packages)
        folder = tmp_path / name
        folder.mkdir()
        return Project(folder, installed, **options)

    return make
