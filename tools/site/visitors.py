"""Visitors who sign in with an email address: by the JSON API or by the pages, in process or over HTTP.

Each visitor is a browser of its own with an IP address of its own, so that no limit is reached.
"""

import http.client
import json
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol
from urllib.parse import urlencode

from django.test import Client

API = "/auth/v1/client/sign_ins"
PAGE = "/auth/sign-in/"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"

_numbers = count(1)


class NotSignedIn(RuntimeError):
    """A step had another answer than the expected one."""


class Transport(Protocol):
    """How a visitor reaches the site."""

    def post(self, path: str, body: str, content_type: str) -> tuple[int, bytes]:
        """Send this body and return the status and the body of the answer."""


class InProcess:
    """Django's test client."""

    def __init__(self, ip: str) -> None:
        self.client = Client(headers={"X-Forwarded-For": ip})

    def post(self, path: str, body: str, content_type: str) -> tuple[int, bytes]:
        """Call the site in this process."""
        response = self.client.post(path, body, content_type=content_type)
        return response.status_code, response.content


@dataclass
class OverHTTP:
    """A server on 127.0.0.1. Each request opens a connection: gunicorn's sync workers keep none."""

    ip: str
    port: int
    timeout: float = 60
    cookies: dict[str, str] = field(default_factory=dict)

    def post(self, path: str, body: str, content_type: str) -> tuple[int, bytes]:
        """Call the server, and keep the cookies that it sets."""
        headers = {"Content-Type": content_type, "X-Forwarded-For": self.ip}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
        try:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        for line in response.headers.get_all("Set-Cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return response.status, content


class Visitor:
    """Signs in with `email`."""

    def __init__(self, email: str, transport: Transport) -> None:
        self.email, self.transport = email, transport

    def create(self) -> None:
        """Open a sign-in and ask for a code. Raises `NotSignedIn`."""
        raise NotImplementedError

    def attempt(self, code: str) -> None:
        """Hand in the code. Raises `NotSignedIn`."""
        raise NotImplementedError


class ApiVisitor(Visitor):
    """Signs in by the JSON API."""

    flow = ""

    def create(self) -> None:
        """Open a sign-in and ask for a code in one step. Raises `NotSignedIn`."""
        response = self._post(API, identifier=self.email, strategy="email_code")
        self.flow = response["id"]

    def attempt(self, code: str) -> None:
        """Hand in the code. Raises `NotSignedIn`."""
        response = self._post(f"{API}/{self.flow}/attempt_first_factor", strategy="email_code", code=code)
        if response["status"] != "complete":
            raise NotSignedIn(response["status"])

    def _post(self, path: str, **parameters: str) -> dict[str, Any]:
        status, content = self.transport.post(path, json.dumps(parameters), JSON)
        if status != http.client.OK:
            raise NotSignedIn(f"{path}: {status} {content[:300]!r}")
        response: dict[str, Any] = json.loads(content)["response"]
        return response


class PageVisitor(Visitor):
    """Signs in by the pages."""

    def create(self) -> None:
        """Post the first form. Raises `NotSignedIn`."""
        self._post(PAGE, identifier=self.email)

    def attempt(self, code: str) -> None:
        """Post the code. Raises `NotSignedIn`."""
        self._post(f"{PAGE}verify/", code=code)

    def _post(self, path: str, **fields: str) -> None:
        status, content = self.transport.post(path, urlencode(fields), FORM)
        if status not in {http.client.FOUND, http.client.SEE_OTHER}:
            raise NotSignedIn(f"{path}: {status} {content[:300]!r}")


def email_of(number: int) -> str:
    """Return the email address of the user with this number."""
    return f"user{number}@example.com"


def new_ip() -> str:
    """Return an IP address that no visitor of this process has had, within 10.0.0.0/8."""
    number = next(_numbers)
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
