"""A visitor's way through sign-in and sign-up, by the API or the pages: each method returns a step's response."""

import copy
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.test import Client
from django.urls import reverse

from passwordless_otp import clients, signals
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Message

JSON = "application/json"
SEND_BUTTON = re.compile(r'<button type="submit" name="send" value="([^"]+)"')


class ApiJourney:
    """A browser that uses the JSON API. `http` is its test client, and takes the options of Django's `Client`."""

    flow = ""  # the id of the sign-in or sign-up that was created last

    def __init__(self, **options: Any) -> None:
        self.http = Client(**options)

    def twin(self) -> "ApiJourney":
        """Return the same browser in another tab, with a copy of its cookies."""
        twin = copy.copy(self)
        defaults: dict[str, Any] = self.http.defaults
        twin.http = Client(self.http.handler.enforce_csrf_checks, **defaults)
        twin.http.cookies = SimpleCookie(self.http.cookies.output(header="", sep=";"))
        return twin

    def sign_in(self, identifier: str, strategy: str | None = None, **more: Any) -> Any:
        """Create a sign-in; with `strategy`, send its code at once."""
        chosen = {"strategy": strategy} if strategy else {}
        return self.create("sign_in", identifier=identifier, **chosen, **more)

    def sign_up(self, **fields: Any) -> Any:
        """Create a sign-up; with `strategy`, send its code at once."""
        return self.create("sign_up", **fields)

    def prepare(self, strategy: str = "email_code", **more: Any) -> Any:
        """Send a code."""
        return self.post(self.path("prepare"), strategy=strategy, **more)

    def attempt(self, code: str, strategy: str = "email_code") -> Any:
        """Hand in a code."""
        return self.post(self.path("attempt"), strategy=strategy, code=code)

    def update(self, **fields: Any) -> Any:
        """Change what was given to the sign-up."""
        return self.post(f"{self.path()}?_method=PATCH", **fields)

    def read(self) -> Any:
        """Return the flow as it stands, as the API has it."""
        return self.get(self.path()).json()["response"]

    @property
    def signed_in(self) -> str | None:
        """The id of the user who is signed in, as the API has it."""
        answer = self.get("me")
        return answer.json()["response"]["id"] if answer.status_code == 200 else None  # noqa: PLR2004

    def create(self, purpose: str, **parameters: Any) -> Any:
        """Create a flow, and remember its id."""
        answer = self.post(f"client/{purpose}s", **parameters)
        if answer.status_code == 200:  # noqa: PLR2004
            self.flow = answer.json()["response"]["id"]
        return answer

    def path(self, step: str = "") -> str:
        """Return the path of the flow, or of `prepare` or `attempt` in it, below `v1/`."""
        is_sign_in = self.flow.startswith("sia_")
        flows, what = ("sign_ins", "first_factor") if is_sign_in else ("sign_ups", "verification")
        return f"client/{flows}/{self.flow}" + (f"/{step}_{what}" if step else "")

    def get(self, path: str) -> Any:
        """Call a path below `v1/`."""
        return self.http.get(_api(path))

    def post(self, path: str, form: bool = False, **parameters: Any) -> Any:
        """Post JSON to a path below `v1/`; with `form`, post a form as a page of the site does."""
        if form:
            return self.http.post(_api(path), parameters, headers={"Origin": "http://testserver"})
        return self.http.post(_api(path), json.dumps(parameters), content_type=JSON)


class PageJourney(Client):
    """A browser that uses the pages: Django's test client with a method for each form."""

    purpose = "sign_in"

    def sign_in(self, identifier: str, **more: Any) -> Any:
        """Post the first form of the sign-in, which sends a code."""
        self.purpose = "sign_in"
        return self.submit(self.path(), {"identifier": identifier, **more})

    def sign_up(self, **fields: Any) -> Any:
        """Post the first form of the sign-up, which sends a code where nothing is missing."""
        self.purpose = "sign_up"
        return self.submit(self.path(), fields)

    def prepare(self, **more: Any) -> Any:
        """Press the button that sends a code again."""
        [button, *_] = SEND_BUTTON.findall(self.read().content.decode())
        return self.submit(self.path("_verify"), {"send": button, **more})

    def attempt(self, code: str, **more: Any) -> Any:
        """Post the form for the code."""
        return self.submit(self.path("_verify"), {"code": code, **more})

    def update(self, **fields: Any) -> Any:
        """Post the first form of the sign-up again, as where names are still missing."""
        return self.sign_up(**fields)

    def read(self) -> Any:
        """Get the page for the code."""
        return self.get(self.path("_verify"))

    @property
    def signed_in(self) -> str | None:
        """The primary key of the user who is signed in, as text."""
        return self.session.get(SESSION_KEY)

    def path(self, step: str = "") -> str:
        """Return the path of the first page, or with `_verify` of the page for the code."""
        return reverse(f"passwordless_otp:{self.purpose}{step}")

    def submit(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> Any:
        """Post a form with its CSRF token."""
        if settings.CSRF_COOKIE_NAME not in self.cookies:
            self.cookies[settings.CSRF_COOKIE_NAME] = "t" * 32
        token = self.cookies[settings.CSRF_COOKIE_NAME].value
        return self.post(path, {**(data or {}), "csrfmiddlewaretoken": token}, **options)


def _api(path: str) -> str:
    return reverse("passwordless_otp:environment").removesuffix("environment") + path


def sign_in_by_code(identifier: str, client: Client | None = None) -> Client:
    """Sign in through the pages with the code that the memory backend got, and return the client.

    Where nobody has the identifier, press the button that makes an account.

    Raises `AssertionError` with the reason where a code was not sent or not accepted.
    """
    client, before = client or Client(), len(memory.sent)
    with _reached_limits() as limits:
        answer = client.post(reverse("passwordless_otp:sign_in"), {"identifier": identifier})
        if len(memory.sent) == before or not memory.sent[-1].code:
            raise AssertionError(f"No code was sent to {identifier}: {_reason(answer, limits)}")
        answer = client.post(reverse("passwordless_otp:sign_in_verify"), {"code": memory.sent[-1].code})
        if answer.headers.get("Location", "").startswith(reverse("passwordless_otp:sign_up")):
            answer = client.post(answer["Location"])
        if clients.WAITING in client.session:
            step = f"BEFORE_LOGIN leads to {answer.headers['Location']}: go there with a PageJourney"
            raise AssertionError(f"The code of {identifier} was right, and {step}.")
        if SESSION_KEY not in client.session:
            raise AssertionError(f"The code of {identifier} did not sign in: {_reason(answer, limits)}")
    return client


@contextmanager
def _reached_limits() -> Iterator[list[str]]:
    """Collect the names of the limits that refuse something while the block runs."""
    names: list[str] = []

    def note(limit: str, number: int, seconds: int, enforced: bool, **_: Any) -> None:
        if enforced:
            names.append(f"{limit} ({number} in {seconds} s)")

    signals.limit_reached.connect(note)
    try:
        yield names
    finally:
        signals.limit_reached.disconnect(note)


def _reason(answer: Any, limits: list[str]) -> str:
    """Return why a page refused something, as far as a test can see."""
    if limits:
        return f"the rate limit {', '.join(limits)} was reached. The fixture no_rate_limits turns limits off."
    failed = Message.objects.order_by("pk").exclude(error_code="").last()
    if failed:
        return f"the message was {failed.status} ({failed.error_code})."
    shown = getattr(answer, "context", None) or {}
    return f"the answer was {answer.status_code} {answer.headers.get('Location', '')} {shown.get('error') or ''}"
