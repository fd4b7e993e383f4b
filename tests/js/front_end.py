"""A front end as somebody would make it from docs/javascript.md: with Vite, Next or SvelteKit."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from io import StringIO

from django.core.management import call_command

from tests import needs
from tests.docs.blocks import ROOT, blocks
from tests.js import packages

DOCS = ROOT / "docs/javascript.md"
BEGIN, OWN_CLIENT, VITE_CONFIG, CODES = [block.text for block in blocks(DOCS, "ts")]
COMPONENT, MAIN = [block.text for block in blocks(DOCS, "tsx")]
NEXT_CONFIG = blocks(DOCS, "js")[0].text
[INSTALL] = [block.text.split() for block in blocks(DOCS, "sh") if block.text.startswith("npm")]
DJANGO = "http://127.0.0.1:8000"  # where the docs have it
TYPES = {"typescript": "5.9.3", "@types/react": "19.2.2", "@types/react-dom": "19.2.2", "@types/node": "22.19.0"}
REACT = {"react": "19.3.1", "react-dom": "19.3.1"}
VITE = {"vite": "8.3.8", **REACT, **TYPES}
NEXT = {"next": "16.4.6", **REACT, **TYPES}
SVELTE_KIT = {
    "@sveltejs/kit": "2.70.4",
    "@sveltejs/vite-plugin-svelte": "6.2.3",
    "@sveltejs/adapter-static": "3.0.11",
    "svelte": "5.57.3",
    "vite": "7.3.8",
}
QUIET = {"NEXT_TELEMETRY_DISABLED": "1", "CI": "1", "NO_COLOR": "1"}
OPTIONS = {
    "strict": True,
    "noEmit": True,
    "target": "ES2022",
    "module": "ESNext",
    "moduleResolution": "bundler",
    "jsx": "react-jsx",
    "lib": ["ES2022", "DOM"],
    "types": [],
    "verbatimModuleSyntax": True,
    "moduleDetection": "force",
    "noUnusedLocals": True,
    "skipLibCheck": False,
}
HTML = '<!doctype html><title>Shop</title><div id="app"></div><script type="module" src="/main.tsx"></script>'
LAYOUT = """export default function Layout({ children }: { children: React.ReactNode }) {
  return <html lang="en"><body>{children}</body></html>;
}
"""
SVELTE_PAGE = """<script>
  import { onMount } from "svelte";
  import { client } from "django-passwordless-otp";

  let isLoaded = $state(client.isLoaded);
  onMount(() => client.load().then(() => (isLoaded = true)));
</script>

<p>{isLoaded ? "Welcome" : "One moment…"}</p>
"""


class FrontEnd:
    """A folder with files, in which npm has installed the client as the docs say."""

    def __init__(self, installed, files):
        self.folder = installed / f"run-{os.getpid()}-{time.monotonic_ns()}"
        call_command("otp_client", "--to", self.folder / "django-passwordless-otp", stdout=StringIO())
        for name, text in {"package.json": '{"private": true, "type": "module"}', **files}.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text)
        self.run(*INSTALL, "--offline", "--no-audit", "--no-fund")

    def run(self, *command):
        """Run a program of the front end, which has to succeed. Return what it prints."""
        done = packages.run(*command, cwd=self.folder, env={**os.environ, **QUIET}, timeout=240)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def npx(self, *command):
        """Run what npm has installed."""
        return self.run("npx", "--no-install", "--", *command)

    @contextmanager
    def served(self, script, *options):
        """Run a server of Node on 127.0.0.1 while the block runs. Gives its URL."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        program = [needs.node(), self.folder.parent / "node_modules" / script, *options]
        with (self.folder / "log").open("w") as log:
            process = subprocess.Popen(
                [*program, "--port", str(port)],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                env={**os.environ, **QUIET},
                start_new_session=True,
            )
        try:
            self._await(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(10)

    def _await(self, port, process):
        for _ in range(300):
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", port)) == 0:
                    return
            assert process.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.1)
        raise AssertionError((self.folder / "log").read_text())


@contextmanager
def vite(django=DJANGO, **files):
    """Make a front end with Vite."""
    own = {
        "index.html": HTML,
        "main.tsx": MAIN,
        "sign-up.tsx": COMPONENT,
        "vite.config.ts": VITE_CONFIG.replace(DJANGO, django),
        "tsconfig.json": json.dumps({"compilerOptions": OPTIONS, "include": ["*.ts", "*.tsx"]}),
    }
    yield from _made("vite", {"private": True, "dependencies": VITE}, {**own, **files})


@contextmanager
def next_js(django=DJANGO):
    """Make a front end with Next."""
    config = NEXT_CONFIG.replace(DJANGO, django)
    root = 'turbopack: { root: new URL("..", import.meta.url).pathname }'  # where the test's packages are
    files = {
        "next.config.mjs": config.replace("export default {", f"export default {{ {root},"),
        "app/layout.tsx": LAYOUT,
        "app/page.tsx": 'export { default } from "../sign-up";\n',
        "sign-up.tsx": COMPONENT,
    }
    yield from _made("next", {"private": True, "dependencies": NEXT}, files)


@contextmanager
def svelte_kit():
    """Make a front end with SvelteKit, which renders its page when it is built."""
    plugin = 'import { sveltekit } from "@sveltejs/kit/vite";\n'
    adapter = 'import adapter from "@sveltejs/adapter-static";\n'
    files = {
        "vite.config.js": f"{plugin}export default {{ plugins: [sveltekit()] }};\n",
        "svelte.config.js": f"{adapter}export default {{ kit: {{ adapter: adapter() }} }};\n",
        "src/app.html": "<!doctype html><head>%sveltekit.head%</head><body>%sveltekit.body%</body>",
        "src/routes/+layout.js": "export const prerender = true;\n",
        "src/routes/+page.svelte": SVELTE_PAGE,
    }
    description = {"private": True, "type": "module", "dependencies": SVELTE_KIT}
    yield from _made("svelte-kit", description, files)


def _made(name, description, files):
    front_end = FrontEnd(packages.packages(name, description), files)
    try:
        yield front_end
    finally:
        shutil.rmtree(front_end.folder)
