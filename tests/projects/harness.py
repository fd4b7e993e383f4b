"""Make a Django project, change it as a developer would, serve it, and visit it over HTTP.

Every project is a folder with a process of its own, and imports the app from the wheel, not from the checkout. It
runs in the Python environment of the tests, so its Django is that of the tests, and packages that the project is
about have to be installed there: the extra [ci] has them. The fixture `project` is in conftest.py:

    def test_admin_of_other_package_asks_for_code(project):
        site = project("other", packages=["other_package"], settings='INSTALLED_APPS += ["other_package"]')
        site.manage("migrate", "-v", "0")
        site.run("jane = User.objects.create_user('jane', 'jane@example.com')", "jane.pk")
        with site.served() as server:
            visitor = server.visitor()
            visitor.sign_in("jane@example.com")
            assert visitor.get("/who/").text.endswith(" jane@example.com")
"""

import http.client
import http.cookiejar
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser

PATIENCE = 60  # seconds, for whatever has to happen
FOREIGN = ("COV_", "DATABASE_URL", "DJANGO_", "PYTEST_", "PYTHON")  # variables of the tests' own process

# For a database that is made in seconds and forgotten: no disk has to have it, and apps with a hundred migrations
# get their tables by `migrate --run-syncdb`.
QUICK = """
DATABASES["default"]["OPTIONS"] = {"init_command": "PRAGMA synchronous=OFF", "timeout": 20}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
"""
NO_MIGRATIONS = """
class NoMigrations(dict):
    __contains__ = lambda self, label: True
    __getitem__ = lambda self, label: None

MIGRATION_MODULES = NoMigrations()
"""
SETTINGS = """
INSTALLED_APPS += ["passwordless_otp"]
LOGIN_URL = "passwordless_otp:sign_in"
LOGIN_REDIRECT_URL = "/"
CONSOLE = {"BACKEND": "passwordless_otp.messaging.backends.console.ConsoleBackend"}
PASSWORDLESS_OTP = {
    "PUBLIC_URL": "http://127.0.0.1:8000",
    "DELIVERY": {"email": [CONSOLE], "sms": [CONSOLE]},
}
"""
URLS = """
from django.http import HttpResponse
from django.urls import include

def who(request):
    user = request.user
    return HttpResponse(f"{user.pk} {user.email}" if user.is_authenticated else "nobody", "text/plain")

urlpatterns += [path("auth/", include("passwordless_otp.urls")), path("who/", who), path("", who)]
"""


class Project:
    """A project made by `startproject`, named `mysite`. It imports the app from the folder `installed`."""

    def __init__(self, folder, installed, *, settings=SETTINGS, urls=URLS, **variables):
        """Make it. `settings` and `urls` go to the end of these files; `variables` into its environment."""
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        self.environment = {**kept, "PYTHONPATH": str(installed), "PYTHONUNBUFFERED": "1", **variables}
        self.python("-m", "django", "startproject", "mysite", ".")
        self.append("mysite/settings.py", QUICK + settings)
        self.append("mysite/urls.py", urls)

    def write(self, path, text):
        """Write a file of the project."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def append(self, path, text):
        """Add text to the end of a file."""
        with (self.folder / path).open("a") as file:
            file.write(f"\n{text}\n")

    def python(self, *arguments, fails=False):
        """Run Python in the project, and return what it printed, errors included.

        It has to end well, or badly with `fails=True`; `None` takes both.
        """
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=5 * PATIENCE,
            check=False,
        )
        assert fails in [None, done.returncode != 0], done.stdout[-4000:]
        return done.stdout

    def manage(self, *arguments, fails=False):
        """Run `python manage.py …`."""
        return self.python("manage.py", *arguments, fails=fails)

    def run(self, *lines):
        """Run these lines with Django set up, and return the value of the last one, as JSON has it.

        `User` is the user model: `site.run("User.objects.count()")`.
        """
        *statements, last = "\n".join(lines).strip().splitlines()
        script = [
            "import json, django; django.setup()",
            "from django.contrib.auth import get_user_model; User = get_user_model()",
            *statements,
            f"print('\\n' + json.dumps({last}, default=str))",
        ]
        self.write("_script.py", "\n".join(script))
        self.environment["DJANGO_SETTINGS_MODULE"] = "mysite.settings"
        return json.loads(self.python("_script.py").strip().splitlines()[-1])

    @contextmanager
    def served(self):
        """Serve it by `runserver` on a free port of this machine while the block runs."""
        port = free_port()
        output = self.folder / f"output-{secrets.token_hex(4)}"
        with output.open("w") as out:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"],
                cwd=self.folder,
                env=self.environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        server = Server(f"http://127.0.0.1:{port}", output, process)
        try:
            server.wait_until_it_answers(port)
            yield server
        finally:
            process.kill()
            process.wait()


@dataclass
class Server:
    """A project that is served. `output` is the file with what it has printed."""

    origin: str
    output: object
    process: subprocess.Popen

    def visitor(self, **headers):
        """Return a new browser; `headers` go with each of its requests."""
        return Visitor(self, headers)

    @property
    def text(self):
        """What it has printed so far."""
        return self.output.read_text()

    def code(self, to, after=0):
        """Return the newest code printed for this recipient, after so many characters of the output."""
        return self.wait_for(rf"\[\w+ to {re.escape(to)}\] (\S+) is your ", after)[-1]

    def wait_for(self, pattern, after=0):
        """Wait until the server has printed this, and return all that the group matched."""
        end = time.monotonic() + PATIENCE
        while not (found := re.findall(pattern, self.text[after:])):
            assert self.process.poll() is None, self.text
            assert time.monotonic() < end, f"{pattern!r} is not in:\n{self.text}"
            time.sleep(0.05)
        return found

    def wait_until_it_answers(self, port):
        """Wait until the port is open."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            assert self.process.poll() is None, self.text
            try:
                return socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                time.sleep(0.05)
        raise AssertionError(self.text)


@dataclass
class Answer:
    """The answer to a request, at the end of all redirects. `path` is where they led, with the query."""

    status: int
    path: str
    headers: http.client.HTTPMessage
    text: str

    def json(self):
        """Return what its JSON says."""
        return json.loads(self.text)

    @property
    def fields(self):
        """The fields of the forms on the page that have a value already, such as hidden ones."""
        parser = FormFields()
        parser.feed(self.text)
        return parser.found


class Visitor:
    """A browser with cookies, without JavaScript. It follows redirects."""

    def __init__(self, server, headers):
        self.server, self.headers, self.sent_before = server, headers, 0
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.jar)
        )

    def get(self, path, **headers):
        """Get a page."""
        return self._ask("GET", path, None, headers)

    def post(self, path, fields=None, *, page=None, **headers):
        """Post a form as on `page`, by default the one at this path, with the hidden fields that it has there."""
        page = page or self.get(path)
        hidden = {name: value for name, value in page.fields.items() if name in {"csrfmiddlewaretoken", "next"}}
        body = urllib.parse.urlencode({**hidden, **(fields or {})}).encode()
        return self._ask("POST", path, body, {"Origin": self.server.origin, **headers})

    def api(self, method, path, fields=None, **headers):
        """Call the API as a program does, with JSON: `path` is below `/auth/v1/`."""
        body = None if fields is None else json.dumps(fields).encode()
        return self._ask(method, f"/auth/v1/{path}", body, {"Content-Type": "application/json", **headers})

    def ask_for_code(self, identifier, path="/auth/sign-in/", **fields):
        """Post the first form of a sign-in or sign-up, and return the page that follows."""
        name = "identifier" if path.split("?")[0].endswith("sign-in/") else "email_address"
        self.sent_before = len(self.server.text)
        return self.post(path, {name: identifier, **fields})

    def sign_in(self, identifier, path="/auth/sign-in/", **fields):
        """Sign in, or with the path of the sign-up page sign up, and return the page that follows.

        A sign-in with an unknown address goes on to an account.
        """
        page = self.ask_for_code(identifier, path, **fields)
        assert page.path.split("?")[0].endswith("/verify/"), (page.path, page.text)
        code = self.server.code(identifier, self.sent_before)
        page = self.post(page.path, {"code": code}, page=page)
        asked = page.path.split("?")[0].endswith("/sign-up/") and not path.split("?")[0].endswith("/sign-up/")
        return self.post(page.path, page=page) if asked else page

    @property
    def cookies(self):
        """The cookies by name."""
        return {cookie.name: cookie.value for cookie in self.jar}

    def _ask(self, method, path, body, headers):
        url = urllib.parse.urljoin(self.server.origin, path)
        request = urllib.request.Request(url, body, {**self.headers, **headers}, method=method)
        try:
            answer = self.opener.open(request, timeout=PATIENCE)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            where = urllib.parse.urlsplit(answer.url)
            text = answer.read().decode()
        return Answer(
            answer.status, where.path + (f"?{where.query}" if where.query else ""), answer.headers, text
        )


class FormFields(HTMLParser):
    """Collects the fields of forms that have a value."""

    def __init__(self):
        super().__init__()
        self.found = {}

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "input" and given.get("name") and "value" in given:
            self.found.setdefault(given["name"], given["value"])


def free_port():
    """Return a port of this machine on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
