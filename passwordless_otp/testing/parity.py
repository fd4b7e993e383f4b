"""Nothing tells a stranger who has an account: known, unknown, inactive and staff identifiers answer alike."""

# ruff: noqa: S101
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from django.contrib.auth import get_user_model
from django.urls import NoReverseMatch, reverse

from passwordless_otp import conf, users
from passwordless_otp.identifiers import IdentifierValue, Kind
from passwordless_otp.models import InstanceSettings, Verification
from passwordless_otp.rate_limits import windows
from passwordless_otp.testing import snapshots
from passwordless_otp.testing.snapshots import Snapshot
from passwordless_otp.testing.walks import WALKERS, Walker

PEOPLE: dict[str, dict[str, bool]] = {
    "known": {},
    "unknown": {},
    "inactive": {"is_active": False},
    "staff": {"is_staff": True},
    "superuser": {"is_superuser": True},
}
WAYS = ["sign_in", "one_box", "sign_up"]  # a sign-in, one that goes on to a sign-up for who is unknown, a sign-up
OFTEN = 8  # requests for a code: more than any address gets within an hour
NOW = 2_000_000_000  # seconds since 1970, for limits
BOTH = {"phone_number_enabled": True, "phone_number_used_for_identification": True, "phone_code": True}


def set_aside(message_id: str) -> None:
    """Stand in for DISPATCH: delivery is not the request's."""


class EnumerationParity:
    """Subclass it as `Test…` in the tests of a site; pytest-django has to be there."""

    kinds: ClassVar[list[str]] = ["email_address", "phone_number"]
    faces: ClassVar[list[str]] = ["pages", "api"]
    instance: ClassVar[dict[str, Any]] = {}  # instance settings other than the defaults
    noise: ClassVar[list[str]] = []  # regular expressions for what differs from request to request, as nonces

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run each test with each kind of identifier, on each face, for each way."""
        for name, values in {"kind": self.kinds, "face": self.faces, "way": WAYS}.items():
            if name in metafunc.fixturenames:
                metafunc.parametrize(name, values)

    @pytest.fixture
    def people(
        self, db: None, settings: Any, monkeypatch: pytest.MonkeyPatch, kind: str
    ) -> dict[str, IdentifierValue]:
        """Return an address of this kind for each of `PEOPLE`, all but the unknown one somebody's."""
        given = {**conf.given(), "DISPATCH": f"{__name__}.set_aside", "TRUSTED_PROXIES": 0}
        settings.PASSWORDLESS_OTP = given
        monkeypatch.setattr(windows, "time", SimpleNamespace(time=lambda: NOW))
        InstanceSettings(**{**(BOTH if "phone_number" in self.kinds else {}), **self.instance}).save()
        addresses = {}
        for number, (name, status) in enumerate(PEOPLE.items()):
            addresses[name] = identifier = _address(Kind(kind), number)
            if name != "unknown":
                self.make_user(identifier, **status)
        return addresses

    def make_user(self, identifier: IdentifierValue, **status: bool) -> Any:
        """Make a user of this status who holds the address, by the site's `CREATE_USER`."""
        details = {"first_name": "Jo", "last_name": "Doe", "username": "", "unsafe_metadata": {}}
        user = users.make([identifier], details)
        for name, value in status.items():
            setattr(user, name, value)
        user.save()
        return get_user_model().objects.get(pk=user.pk)

    def test_each_step_looks_alike_for_everybody(
        self, people: dict[str, IdentifierValue], kind: str, face: str, way: str
    ) -> None:
        """Compare what is seen of each step, to the last try and beyond."""
        self.open(face, way)
        seen = {}
        for number, (name, identifier) in enumerate(people.items()):
            walker = WALKERS[face](identifier, f"198.51.100.{number}")
            seen[name] = [(step, self.see(walker, do)) for step, do in walker.steps(way)]
        tried = Verification.objects.filter(value=people["known"].value, tries__gt=0)
        assert tried.exists(), f"no code could be tried: {[(step, shot.status) for step, shot in seen['known']]}"
        _compare(seen)

    def test_limits_are_reached_alike_by_everybody(
        self, people: dict[str, IdentifierValue], kind: str, face: str, way: str
    ) -> None:
        """Ask so often, in browser after browser, that limits refuse; compare when, and in which words."""
        self.open(face, way)
        seen = {}
        for number, (name, identifier) in enumerate(people.items()):
            walker = WALKERS[face](identifier, f"198.51.100.{number}")
            seen[name] = [
                (f"request {turn}", self.see(walker, lambda w=walker: w.anew().begin(way)))
                for turn in range(1, OFTEN + 1)
            ]
        statuses = [shot.status for _, shot in seen["known"]]
        assert 429 in statuses, f"no limit was reached: {statuses}"  # noqa: PLR2004
        _compare(seen)

    def open(self, face: str, way: str) -> None:
        """Let the site offer this way; skip it where the face is not included."""
        try:
            reverse(f"passwordless_otp:{'client' if face == 'api' else 'sign_in'}")
        except NoReverseMatch:
            pytest.skip(f"the site does not include the {face}")
        settings = InstanceSettings.editable()
        settings.sign_up_mode = "closed" if way == "sign_in" else "open"
        settings.save()

    def see(self, walker: Walker, step: Any) -> Snapshot:
        """Return what is to be seen of this step."""
        return snapshots.take(step, walker.identifier, self.noise)


def _compare(seen: dict[str, list[tuple[str, Snapshot]]]) -> None:
    """Fail where anybody is told from the known one; name the first step at which."""
    for name, shots in seen.items():
        for (step, shot), (_, known) in zip(shots, seen["known"], strict=True):
            found = shot.differences(known)
            assert not found, f"{name} is told from known at {step!r}: " + "; ".join(found)


def _address(kind: Kind, number: int) -> IdentifierValue:
    """Return one of addresses that are equally long and have the same mask but for their last digit."""
    return IdentifierValue(
        kind, f"p{number}@example.com" if kind == Kind.EMAIL_ADDRESS else f"+1415555267{number}"
    )
