"""Each rule of the kit catches those who break it, and nobody else."""

from xml.etree import ElementTree

import pytest

from passwordless_otp.testing import BackendConformance
from tests import nested
from tests.messaging.broken_backends import Honest
from tests.messaging.conformance_cases import BROKEN

pytestmark = pytest.mark.slow

RULES = sorted(name for name in dir(BackendConformance) if name.startswith("test_"))


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What came of each test: (backend, rule, "passed", "failure", "error" or "skipped")."""
    report = tmp_path_factory.mktemp("report") / "report.xml"
    done = nested.run("tests/messaging/conformance_cases.py", f"--junitxml={report}")
    assert done.returncode == 1, done.stdout[-2000:] + done.stderr[-2000:]
    cases = ElementTree.parse(report).iter("testcase")
    return [(case.get("classname").rpartition(".Test")[2], rule(case), outcome(case)) for case in cases]


def rule(case):
    return case.get("name").partition("[")[0]


def outcome(case):
    [came] = [child.tag for child in case if child.tag in {"failure", "error", "skipped"}] or ["passed"]
    return came


def full(part):
    """Return the one rule that has this in its name."""
    [name] = [name for name in RULES if part in name]
    return name


@pytest.mark.parametrize("backend", BROKEN)
def test_backend_fails_the_rules_that_it_breaks_and_no_other(found, backend):
    failed = {rule for name, rule, came in found if name == backend.__name__ and came in {"failure", "error"}}
    assert failed == {full(part) for part in BROKEN[backend]}
    assert not [rule for name, rule, came in found if name == backend.__name__ and came == "error"]


def test_backend_that_keeps_the_rules_passes_them_all(found):
    came = {(rule, came) for name, rule, came in found if name == Honest.__name__}
    assert came == {(rule, "passed") for rule in RULES}


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_broken_by_two(rule):
    assert len([parts for parts in BROKEN.values() if rule in map(full, parts)]) >= 2
