"""Visitors of a site, from the first step to the last: by its pages and by its JSON API. They never get in."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from django.test import Client
from django.urls import reverse

from passwordless_otp.codes import ALPHABETS
from passwordless_otp.identifiers import IdentifierValue
from passwordless_otp.models import Verification

Step = Callable[[], Any]


class Walker:
    """One browser that asks for `address`, from an IP address of its own."""

    def __init__(self, identifier: IdentifierValue, ip: str) -> None:
        self.identifier, self.ip = identifier, ip
        self.http = Client(headers={"accept-language": "en"})
        self.http.defaults |= {"REMOTE_ADDR": ip, "wsgi.url_scheme": "https"}

    def guess(self) -> str:
        """Return a wrong code of the right shape; empty where none was asked for."""
        newest = Verification.objects.filter(value=self.identifier.value).order_by("-pk").first()
        if newest is None:
            return ""
        right = newest.code() if newest.nonce else ""
        guesses: list[str] = [sign * newest.length for sign in ALPHABETS[newest.alphabet]]
        return guesses[0] if guesses[0] != right else guesses[1]

    def anew(self) -> "Walker":
        """Return another browser at the same IP address."""
        return type(self)(self.identifier, self.ip)

    def begin(self, way: str) -> Any:
        """Ask for a code."""
        raise NotImplementedError

    def steps(self, way: str) -> Iterator[tuple[str, Step]]:
        """Return what is done, by name, as far as the tries go and on from there."""
        raise NotImplementedError


class PageWalker(Walker):
    """Uses the pages."""

    def begin(self, way: str) -> Any:
        """Post the first form."""
        field = self.identifier.kind.value if way == "sign_up" else "identifier"
        return self.http.post(_page(way), {field: self.identifier.value})

    def steps(self, way: str) -> Iterator[tuple[str, Step]]:
        """Return each page, each form."""
        first, second = _page(way), _page(way, "_verify")
        yield "the first page", lambda: self.http.get(first)
        yield "asking for a code", lambda: self.begin(way)
        yield "the page for the code", lambda: self.http.get(second)
        yield "asking again at once", lambda: self.begin(way)
        code = self.guess()
        yield "a wrong code", lambda: self.http.post(second, {"code": code})
        yield "what is no code", lambda: self.http.post(second, {"code": ""})
        yield "the first page again", lambda: self.http.get(first)
        for number in range(2, 7):
            code = self.guess()
            yield f"wrong code {number}", lambda code=code: self.http.post(second, {"code": code})  # type: ignore[misc]
        yield "the page for the code in the end", lambda: self.http.get(second)
        yield "asking in the end", lambda: self.begin(way)


class ApiWalker(Walker):
    """Uses the JSON API, as a program that is no browser."""

    flow = ""

    def post(self, path: str, **given: Any) -> Any:
        """Post JSON."""
        path = reverse("passwordless_otp:client") + path
        return self.http.post(path, json.dumps(given), content_type="application/json")

    def create(self, way: str, **more: Any) -> Any:
        """Open a flow, or go on with it."""
        kind, value = self.identifier
        if way == "sign_up":
            answer = self.post("/sign_ups", **{kind.value: value}, **more)
        else:
            answer = self.post("/sign_ins", identifier=value, sign_up_if_missing=way == "one_box", **more)
        if answer.status_code == 200:  # noqa: PLR2004
            self.flow = answer.json()["response"]["id"]
        return answer

    def begin(self, way: str) -> Any:
        """Open a flow and ask for a code at once."""
        return self.create(way, strategy=self.identifier.kind.strategy.value)

    def steps(self, way: str) -> Iterator[tuple[str, Step]]:
        """Return each call."""
        strategy = self.identifier.kind.strategy.value
        flows, what = ("sign_ups", "verification") if way == "sign_up" else ("sign_ins", "first_factor")
        yield "create", lambda: self.create(way)
        yield "prepare", lambda: self.post(f"/{flows}/{self.flow}/prepare_{what}", strategy=strategy)
        yield "prepare at once", lambda: self.post(f"/{flows}/{self.flow}/prepare_{what}", strategy=strategy)
        attempt = f"/{flows}/{self.flow}/attempt_{what}"
        for number in range(1, 7):
            code = self.guess()
            step = lambda code=code: self.post(attempt, strategy=strategy, code=code)  # noqa: E731
            yield f"wrong code {number}", step
        yield "what is no code", lambda: self.post(attempt, strategy=strategy, code="1")
        yield "the flow", lambda: self.http.get(f"{reverse('passwordless_otp:client')}/{flows}/{self.flow}")
        yield "the client", lambda: self.http.get(reverse("passwordless_otp:client"))
        yield "create in the end", lambda: self.begin(way)


WALKERS: dict[str, type[Walker]] = {"pages": PageWalker, "api": ApiWalker}


def _page(way: str, step: str = "") -> str:
    return reverse(f"passwordless_otp:{'sign_up' if way == 'sign_up' else 'sign_in'}{step}")
