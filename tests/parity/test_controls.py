"""What tells who has an account is found, and the step is named."""

import pytest

from passwordless_otp import signals
from passwordless_otp.models import Identifier
from passwordless_otp.rate_limits import rules
from passwordless_otp.rate_limits.windows import Bucket
from passwordless_otp.testing import EnumerationParity, parity
from tests.parity import leaks

TEMPLATE = """{% extends "passwordless_otp/base.html" %}
{% block content %}<p>{% if holder %}Welcome back!{% endif %}</p>{% endblock %}"""


class OneWay(EnumerationParity):
    """Goes one way to its end; the others are slow."""

    kinds = ["email_address"]

    def pytest_generate_tests(self, metafunc):
        first, *others = parity.WAYS
        ways = [first, *(pytest.param(way, marks=pytest.mark.slow) for way in others)]
        for name, values in {"kind": self.kinds, "face": self.faces, "way": ways}.items():
            if name in metafunc.fixturenames:
                metafunc.parametrize(name, values)


class Leaky(OneWay):
    """Expects to be found out."""

    found = ""
    test_limits_are_reached_alike_by_everybody = None

    def test_each_step_looks_alike_for_everybody(self, people, kind, face, way):
        with pytest.raises(AssertionError, match=self.found):
            super().test_each_step_looks_alike_for_everybody(people, kind, face, way)


class TestTemplate(Leaky):
    faces = ["pages"]
    found = r"unknown is told from known at 'the page for the code': body: .*<p></p>.*Welcome back"

    @pytest.fixture(autouse=True)
    def leak(self, settings, tmp_path):
        folder = tmp_path / "passwordless_otp"
        folder.mkdir()
        (folder / "verify.html").write_text(TEMPLATE)
        [engine] = settings.TEMPLATES
        options = engine["OPTIONS"]
        processors = [*options["context_processors"], "tests.parity.leaks.holder"]
        options = {**options, "context_processors": processors}
        settings.TEMPLATES = [{**engine, "DIRS": [tmp_path], "OPTIONS": options}]


class TestHeader(Leaky):
    found = r"unknown is told from known at '(asking for a code|create)': headers: .*X-Welcome: back"
    middleware = "tests.parity.leaks.Header"

    @pytest.fixture(autouse=True)
    def leak(self, settings):
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, self.middleware]


@pytest.mark.slow
class TestCookie(TestHeader):
    found = r"unknown is told from known at '(asking for a code|create)': .*cookies: .*seen: "
    middleware = "tests.parity.leaks.Cookie"


class TestReceiver(Leaky):
    found = r"unknown is told from known at '(a wrong code|wrong code 1)': statements: .*UPDATE"

    @pytest.fixture(autouse=True)
    def leak(self):
        signals.code_rejected.connect(leaks.count_for_users)
        yield
        signals.code_rejected.disconnect(leaks.count_for_users)


class TestProtectionOff(EnumerationParity):
    kinds = ["email_address"]
    instance = {"enumeration_protection": False}

    def test_each_step_looks_alike_for_everybody(self, people, kind, face):
        with pytest.raises(AssertionError, match=r"'(asking for a code|create)': status: '422' instead"):
            super().test_each_step_looks_alike_for_everybody(people, kind, face, "sign_in")

    test_limits_are_reached_alike_by_everybody = None


class TestLimits(OneWay):
    test_each_step_looks_alike_for_everybody = None

    @pytest.fixture(autouse=True)
    def leak(self, monkeypatch):
        shared = rules.for_message

        def of_message(settings, visitor, group, identifier):
            known = Identifier.objects.filter(value=identifier.value).exists()
            extra = Bucket("ip_sms", tuple(identifier), 2, 3600, track_only=not known)
            return [*shared(settings, visitor, group, identifier), extra]

        monkeypatch.setattr(rules, "for_message", of_message)

    def test_limits_are_reached_alike_by_everybody(self, people, kind, face, way):
        with pytest.raises(AssertionError, match=r"at 'request 3': status: '(200|303)' instead of '429'"):
            super().test_limits_are_reached_alike_by_everybody(people, kind, face, way)


class TestBlind(OneWay):
    """A site on which nothing is reached is no proof."""

    instance = {"email_code": False}

    def test_each_step_looks_alike_for_everybody(self, people, kind, face, way):
        with pytest.raises(AssertionError, match="no code could be tried"):
            super().test_each_step_looks_alike_for_everybody(people, kind, face, way)

    def test_limits_are_reached_alike_by_everybody(self, people, kind, face, way):
        with pytest.raises(AssertionError, match="no limit was reached"):
            super().test_limits_are_reached_alike_by_everybody(people, kind, face, way)
