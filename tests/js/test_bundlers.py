"""The package with compilers and bundlers, from the blocks of docs/javascript.md."""

import json

import pytest

import passwordless_otp
from passwordless_otp.management.commands.otp_client import MANIFEST, NAME, SOURCES
from tests.js import front_end

pytestmark = pytest.mark.slow
RENDER = """import { createElement } from "react";
import { renderToString } from "react-dom/server";
import App from "./sign-up";
import { client } from "django-passwordless-otp";

console.log(renderToString(createElement(App)), client.isLoaded);
"""
WAITING = "One moment…"


def build(made, source):
    """Return what Vite makes of a library with this source."""
    (made.folder / "entry.js").write_text(source)
    options = 'build: { lib: { entry: "entry.js", formats: ["es"], fileName: "library" }, outDir: "library" }'
    (made.folder / "library.config.js").write_text(f"export default {{ {options} }};")
    made.npx("vite", "build", "--config", "library.config.js", "--logLevel", "warn")
    return (made.folder / "library/library.js").read_text()


def test_documented_files_compile_and_are_built_and_rendered_by_vite():
    typed = {"begin.ts": front_end.BEGIN, "own.ts": front_end.OWN_CLIENT, "codes.d.ts": front_end.CODES}
    with front_end.vite(**typed, **{"server.tsx": RENDER}) as made:
        made.npx("tsc", "-p", ".")
        made.npx("vite", "build", "--logLevel", "warn")
        [bundle] = (made.folder / "dist/assets").glob("*.js")
        assert "client/sign_ups" in bundle.read_text()
        made.npx("vite", "build", "--ssr", "server.tsx", "--outDir", "server", "--logLevel", "warn")
        assert made.run("node", "server/server.js").strip() == f"<p>{WAITING}</p> false"


def test_bundler_drops_what_is_not_imported():
    with front_end.vite() as made:
        used = build(made, 'export { isOTPError } from "django-passwordless-otp";')
        assert "OTPError" in used
        assert len(used) < 300
        assert (
            build(made, 'import { client } from "django-passwordless-otp"; export const a = 1;').count("\n") < 4
        )
        whole = build(made, 'export { client } from "django-passwordless-otp";')
        assert "client/sign_ins" in whole
        assert "PasswordlessOTP =" in build(made, 'import "django-passwordless-otp/script"; export const a = 1;')


def test_npm_packs_every_file_that_is_named():
    with front_end.vite() as made:
        [packed] = json.loads(made.run("npm", "pack", "./django-passwordless-otp", "--dry-run", "--json"))
    assert (packed["name"], packed["version"]) == (NAME, passwordless_otp.__version__)
    assert {entry["path"] for entry in packed["files"]} == {*SOURCES, MANIFEST}


def test_documented_files_are_built_and_rendered_by_next():
    with front_end.next_js() as made:
        made.npx("next", "build")
        assert f"<p>{WAITING}</p>" in (made.folder / ".next/server/app/index.html").read_text()


def test_package_is_built_and_rendered_by_svelte_kit():
    with front_end.svelte_kit() as made:
        made.npx("vite", "build")
        assert f"<p>{WAITING}</p>" in (made.folder / "build/index.html").read_text()
