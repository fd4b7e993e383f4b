"""The scripts of `@clerk/clerk-js` and `@clerk/ui`, as npm delivers them: kept between runs, part of nothing."""

import os
import shutil
import tarfile

from tests import needs
from tests.js import packages
from tests.settings import FOLDER

CLERK_JS = {"v4": "4.73.14", "v5": "5.128.0", "v6": "6.40.0"}
UI = "1.36.0"  # the prebuilt components of v6, a package of their own
REACT = {  # by the version of clerk-js that belongs to it
    "v4": {
        "@clerk/clerk-react": "4.32.5",
        "@clerk/shared": "1.4.2",
        "@clerk/types": "3.65.5",
        "csstype": "3.1.1",
        "glob-to-regexp": "0.4.1",
        "js-cookie": "3.0.1",
        "swr": "2.2.0",
        "tslib": "2.4.1",
        "use-sync-external-store": "1.7.0",
    },
    "v5": {
        "@clerk/clerk-react": "5.61.10",
        "@clerk/shared": "3.48.0",
        "csstype": "3.1.3",
        "dequal": "2.0.3",
        "glob-to-regexp": "0.4.1",
        "js-cookie": "3.0.7",
        "std-env": "3.10.0",
        "swr": "2.3.4",
        "tslib": "2.8.1",
        "use-sync-external-store": "1.7.0",
    },
}
CORE = {  # of both frameworks
    "@clerk/shared": "4.41.0",
    "@tanstack/query-core": "5.108.4",
    "dequal": "2.0.3",
    "glob-to-regexp": "0.4.1",
    "js-cookie": "3.0.8",
}
FRAMEWORKS = {  # with clerk-js 6
    "react": {"@clerk/react": "6.18.0", "tslib": "2.8.1", **CORE, **packages.REACT_18},
    "vue": {"@clerk/vue": "2.5.0", "vue": "3.5.45", **CORE, **packages.REACT_18},
}


def scripts(version):
    """Return a folder with the scripts of this version of clerk-js."""
    return _unpacked("@clerk/clerk-js", CLERK_JS[version])


def components():
    """Return a folder with the scripts of the components of v6."""
    return _unpacked("@clerk/ui", UI)


def bundled(source, version):
    """Bundle a front end that uses clerk-react. Return the file's text."""
    return packages.bundled(f"clerk-react-{version}", source, **packages.REACT_18, **REACT[version])


def bundled_for(framework, source):
    """Bundle a front end for clerk-js 6. Return the file's text."""
    return packages.bundled(f"clerk-{framework}", source, **FRAMEWORKS[framework])


def _unpacked(name, version):
    needs.node()
    folder = FOLDER / f"npm-{name.replace('/', '-').lstrip('@')}-{version}"
    if not folder.exists():
        _unpack(name, version, folder)
    return folder


def _unpack(name, version, folder):
    """Let npm fetch the package alone: what it depends on is in its scripts already."""
    making = folder.with_name(f"{folder.name}-{os.getpid()}")
    try:
        making.mkdir()
        done = packages.run(
            needs.program("npm"), "pack", f"{name}@{version}", cwd=making, timeout=packages.MINUTES
        )
        if done.returncode:
            needs.lacking(f"needs a package index for npm: {done.stderr[-500:]}")
        [archive] = making.glob("*.tgz")
        with tarfile.open(archive) as tar:
            for member in tar:
                path, _, file = member.name.rpartition("/")
                if path == "package/dist" and file.endswith(".js"):
                    member.name = file
                    tar.extract(member, making, filter="data")
        archive.unlink()
        if not folder.exists():  # another run may have been faster
            making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
