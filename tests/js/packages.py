"""Node, and what npm brings for tests: each set of packages in a folder of its own, kept between runs."""

import hashlib
import json
import os
import shutil
import subprocess

from tests import needs
from tests.docs.blocks import ROOT
from tests.settings import FOLDER

STATIC = ROOT / "passwordless_otp/static/passwordless_otp"
BUILD = ROOT / "example_project/react"  # React 19 as one file, for the demo
MINUTES = 5 * 60  # in seconds, for npm
PATIENCE = 120  # seconds, for a program
TYPESCRIPT = {"typescript": "5.9.3", "@types/react": "19.2.2", "csstype": "3.1.3"}
REACT_18 = {
    "react": "18.3.1",
    "react-dom": "18.3.1",
    "scheduler": "0.23.2",
    "loose-envify": "1.4.0",
    "js-tokens": "4.0.0",
}


def run(*command, timeout=PATIENCE, **options):
    """Run a program; what it prints is in the result."""
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, **options)


def packages(name, description):
    """Return a folder with what this package.json names."""
    needs.node()
    text = json.dumps(description, sort_keys=True)
    folder = FOLDER / f"npm-{name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    if not folder.exists():
        install(folder, text)
    return folder


def install(folder, text):
    """Let npm fill the folder. It comes into being whole, by a change of name."""
    making = folder.with_name(f"{folder.name}-{os.getpid()}")
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]
    try:
        making.mkdir()
        (making / "package.json").write_text(text)
        done = run(needs.program("npm"), "install", *quiet, cwd=making, timeout=MINUTES)
        if done.returncode:
            needs.lacking(f"needs a package index for npm: {done.stderr[-500:]}")
        if not folder.exists():  # another run may have been faster
            making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def typescript():
    """Return a folder with the TypeScript compiler and React's types."""
    return packages("typescript", {"private": True, "dependencies": TYPESCRIPT})


def built(name, **changed):
    """Build React as the demo's script does, with other versions if some are named. Return the file's text."""
    description, folder = _react(name, changed)
    shutil.copy(BUILD / "react.js", folder)
    command = description["scripts"]["build"].replace("'", "").split()
    return _bundle(folder, [word for word in command[1:] if not word.startswith("--outfile")])


def bundled(name, source, **changed):
    """Bundle a front end with React, as any bundler does. Return the file's text."""
    folder = _react(name, changed)[1]
    entry = f"entry-{os.getpid()}.tsx"
    (folder / entry).write_text(source)
    define = '--define:process.env.NODE_ENV="production"'
    own = f"--alias:django-passwordless-otp/react={STATIC / 'react.js'}"
    return _bundle(folder, [entry, "--bundle", "--format=esm", "--external:/static/*", define, own])


def _react(name, changed):
    description = json.loads((BUILD / "package.json").read_text())
    description["dependencies"] |= changed
    return description, packages(name, description)


def _bundle(folder, options):
    done = run("npx", "--no-install", "--", "esbuild", *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout
