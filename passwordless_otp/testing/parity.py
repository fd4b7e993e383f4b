"""Tests that a site tells no stranger who has an account: any identifier has to be answered alike."""

# ruff: noqa: S101
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from django.contrib.auth import get_user_model
from django.urls import NoReverseMatch, reverse

from passwordless_otp import conf, users
from passwordless_otp.codes import ALPHABETS
from passwordless_otp.identifiers import IdentifierValue, Kind
from passwordless_otp.models import InstanceSettings, Verification
from passwordless_otp.rate_limits import windows
from passwordless_otp.testing import snapshots
from passwordless_otp.testing.journeys import ApiJourney, PageJourney
from passwordless_otp.testing.snapshots import Snapshot

PEOPLE: dict[str, dict[str, bool]] = {
    "known": {},
    "unknown": {},
    "inactive": {"is_active": False},
    "staff": {"is_staff": True},
    "superuser": {"is_superuser": True},
}
WAYS = ["sign_in", "one_box", "sign_up"]  # a sign-in, one that goes on to a sign-up for who is unknown, a sign-up
OFTEN = 8  # requests for a code: more than one IP address gets for any identifier within an hour
NOW = 2_000_000_000  # seconds since 1970, for limits
Journey = ApiJourney | PageJourney
Step = Callable[[], Any]
People = dict[str, IdentifierValue]
BOTH = {"phone_number_enabled": True, "phone_number_used_for_identification": True, "phone_code": True}


def set_aside(message_id: str) -> None:
    """Deliver nothing: the value of DISPATCH while the kit runs."""


class EnumerationParity:
    """Subclass it as `Test…` in the tests of a site; pytest-django has to be there."""

    kinds: ClassVar[list[str]] = ["email_address", "phone_number"]
    faces: ClassVar[list[str]] = ["pages", "api"]
    instance: ClassVar[dict[str, Any]] = {}  # instance settings other than the defaults
    noise: ClassVar[list[str]] = []  # regular expressions for what differs from request to request, as nonces

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run each test with each kind of identifier, by the pages and the API, for each way."""
        for name, values in {"kind": self.kinds, "face": self.faces, "way": WAYS}.items():
            if name in metafunc.fixturenames:
                metafunc.parametrize(name, values)

    @pytest.fixture
    def people(self, db: None, settings: Any, monkeypatch: pytest.MonkeyPatch, kind: str) -> People:
        """Return an identifier of this kind for each of `PEOPLE`; all but the unknown one have a user."""
        own = {"DISPATCH": f"{__name__}.set_aside", "TRUSTED_PROXIES": 0}
        settings.PASSWORDLESS_OTP = {**conf.given(), **own}
        monkeypatch.setattr(windows, "time", SimpleNamespace(time=lambda: NOW))
        InstanceSettings(**{**(BOTH if "phone_number" in self.kinds else {}), **self.instance}).save()
        identifiers = {}
        for number, (name, status) in enumerate(PEOPLE.items()):
            identifiers[name] = identifier = _identifier(Kind(kind), number)
            if name != "unknown":
                self.make_user(identifier, **status)
        return identifiers

    def make_user(self, identifier: IdentifierValue, **status: bool) -> Any:
        """Make a user with these fields who holds the identifier, by the site's `CREATE_USER`."""
        details = {"first_name": "Jo", "last_name": "Doe", "username": "", "unsafe_metadata": {}}
        user = users.make([identifier], details)
        for name, value in status.items():
            setattr(user, name, value)
        user.save()
        return get_user_model().objects.get(pk=user.pk)

    def test_each_step_looks_alike_for_everybody(self, people: People, kind: str, face: str, way: str) -> None:
        """Compare what can be seen of each step, to the last try and beyond."""
        self.open(face, way)
        seen = {}
        for number, (name, identifier) in enumerate(people.items()):
            steps = STEPS[face](_journey(face, number), identifier, way)
            seen[name] = [(step, self.see(identifier, do)) for step, do in steps]
        tried = Verification.objects.filter(value=people["known"].value, tries__gt=0)
        assert tried.exists(), f"no code could be tried: {[(step, shot.status) for step, shot in seen['known']]}"
        _compare(seen)

    def test_limits_are_reached_alike_by_everybody(self, people: People, kind: str, face: str, way: str) -> None:
        """Ask so often, in browser after browser, that limits refuse; compare when, and in which words."""
        self.open(face, way)
        seen = {}
        for number, (name, identifier) in enumerate(people.items()):
            ask = lambda n=number, i=identifier: _ask(_journey(face, n), i, way)  # noqa: E731
            seen[name] = [(f"request {turn}", self.see(identifier, ask)) for turn in range(1, OFTEN + 1)]
        statuses = [shot.status for _, shot in seen["known"]]
        assert 429 in statuses, f"no limit was reached: {statuses}"  # noqa: PLR2004
        _compare(seen)

    def open(self, face: str, way: str) -> None:
        """Let the site offer this way. Skips the test where the URLs do not include this interface."""
        try:
            reverse(f"passwordless_otp:{'client' if face == 'api' else 'sign_in'}")
        except NoReverseMatch:
            pytest.skip(f"the site does not include the {face}")
        settings = InstanceSettings.editable()
        settings.sign_up_mode = "closed" if way == "sign_in" else "open"
        settings.save()

    def see(self, identifier: IdentifierValue, step: Step) -> Snapshot:
        """Run this step, and return what can be seen of it."""
        return snapshots.take(step, identifier, self.noise)


def _journey(face: str, number: int) -> Journey:
    """Return a new browser at this person's IP address."""
    kind = ApiJourney if face == "api" else PageJourney
    network: dict[str, Any] = {"REMOTE_ADDR": f"198.51.100.{number}", "wsgi.url_scheme": "https"}
    return kind(headers={"Accept-Language": "en"}, **network)


def _ask(journey: Journey, identifier: IdentifierValue, way: str) -> Any:
    """Open a flow and ask for a code at once."""
    if isinstance(journey, ApiJourney):
        return _create(journey, identifier, way, strategy=identifier.kind.strategy.value)
    if way == "sign_up":
        return journey.sign_up(**{identifier.kind.value: identifier.value})
    return journey.sign_in(identifier.value)


def _create(journey: ApiJourney, identifier: IdentifierValue, way: str, **more: Any) -> Any:
    if way == "sign_up":
        return journey.sign_up(**{identifier.kind.value: identifier.value}, **more)
    return journey.sign_in(identifier.value, sign_up_if_missing=way == "one_box", **more)


def _page_steps(journey: PageJourney, identifier: IdentifierValue, way: str) -> Iterator[tuple[str, Step]]:
    """Return each page and each form, by name, as far as the tries go and on from there."""
    journey.purpose = "sign_up" if way == "sign_up" else "sign_in"
    yield "the first page", lambda: journey.get(journey.path())
    yield "asking for a code", lambda: _ask(journey, identifier, way)
    yield "the page for the code", journey.read
    yield "asking again at once", lambda: _ask(journey, identifier, way)
    code = _guess(identifier)
    yield "a wrong code", lambda: journey.attempt(code)
    yield "what is no code", lambda: journey.attempt("")
    yield "the first page again", lambda: journey.get(journey.path())
    for number in range(2, 7):
        code = _guess(identifier)
        yield f"wrong code {number}", lambda code=code: journey.attempt(code)  # type: ignore[misc]
    yield "the page for the code in the end", journey.read
    yield "asking in the end", lambda: _ask(journey, identifier, way)


def _api_steps(journey: ApiJourney, identifier: IdentifierValue, way: str) -> Iterator[tuple[str, Step]]:
    """Return each call, by name, as far as the tries go and on from there."""
    strategy = identifier.kind.strategy.value
    yield "create", lambda: _create(journey, identifier, way)
    yield "prepare", lambda: journey.prepare(strategy)
    yield "prepare at once", lambda: journey.prepare(strategy)
    for number in range(1, 7):
        code = _guess(identifier)
        yield f"wrong code {number}", lambda code=code: journey.attempt(code, strategy)  # type: ignore[misc]
    yield "what is no code", lambda: journey.attempt("1", strategy)
    yield "the flow", lambda: journey.get(journey.path())
    yield "the client", lambda: journey.get("client")
    yield "create in the end", lambda: _ask(journey, identifier, way)


STEPS: dict[str, Callable[..., Iterator[tuple[str, Step]]]] = {"pages": _page_steps, "api": _api_steps}


def _guess(identifier: IdentifierValue) -> str:
    """Return a wrong code of the right format; an empty text where no code was sent."""
    newest = Verification.objects.filter(value=identifier.value).order_by("-pk").first()
    if newest is None:
        return ""
    right = newest.code() if newest.nonce else ""
    guesses: list[str] = [sign * newest.length for sign in ALPHABETS[newest.alphabet]]
    return guesses[0] if guesses[0] != right else guesses[1]


def _compare(seen: dict[str, list[tuple[str, Snapshot]]]) -> None:
    """Fail at the first step whose answer differs from the one for the known user."""
    for name, shots in seen.items():
        for (step, shot), (_, known) in zip(shots, seen["known"], strict=True):
            found = shot.differences(known)
            assert not found, f"{name} is told from known at {step!r}: " + "; ".join(found)


def _identifier(kind: Kind, number: int) -> IdentifierValue:
    """Return one of several identifiers of the same length, whose masks differ by a digit at most."""
    value = f"p{number}@example.com" if kind == Kind.EMAIL_ADDRESS else f"+1415555267{number}"
    return IdentifierValue(kind, value)
