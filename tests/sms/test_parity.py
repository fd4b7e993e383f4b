"""Served, paused, over a limit, from elsewhere: no answer and no statement of a request tells."""

import pytest

from tests import hooks
from tests.seen import snapshot
from tests.sms.strangers import GERMAN, ask, at, elsewhere, holder
from tests.visitor import PHONE, operate

pytestmark = pytest.mark.usefixtures("phone")


@pytest.fixture
def recorder(settings):
    def switch():
        settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.record"}
        hooks.recorded.clear()

    return switch


def steps(visitor, number, purpose):
    create = visitor.sign_in if purpose == "in" else lambda number, **more: visitor.sign_up(phone_number=number)
    yield lambda: create(number, sign_up_if_missing=True)
    yield lambda: visitor.prepare("phone_code")
    yield lambda: visitor.prepare("phone_code")
    yield lambda: visitor.attempt("1", "phone_code")
    yield lambda: visitor.get("client")


def shown(number, purpose, index):
    visitor = at(index)
    visitor.get("environment")
    return [snapshot(step, number) for step in steps(visitor, number, purpose)]


SAME = ["paused", "proven", "prefix used up", "budget spent"]
CASES = [("in", case) for case in ["elsewhere", "blocked", *SAME]] + [("up", case) for case in SAME]


@pytest.mark.parametrize(("purpose", "case"), CASES)
def test_suppressed_sms_changes_neither_answer_nor_statements(case, purpose, recorder):
    if case == "prefix used up":
        for index in range(6):
            ask(f"{PHONE[:-4]}{index:04}", index)
    recorder()
    usual = shown(elsewhere(0), purpose, 100)
    other = PHONE
    if case == "elsewhere":
        other = GERMAN
    elif case == "proven":
        holder(PHONE)
    else:
        operate(
            **{
                "blocked": {"sms_blocked_prefixes": PHONE},
                "paused": {"sms_paused": ["US"]},
                "budget spent": {"sms_daily_budget": 0, "sms_prices": "* 1"},
            }.get(case, {})
        )
    assert shown(other, purpose, 101) == usual
