"""What limits and flows leave behind is removed by a command, and nothing that is still in use."""

import pytest
from django.core.management import call_command

from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Counter, Flow, Message
from tests.limits.people import HOME, OWNER, ask, ask_all, at, gets_in, guess, holder, recognised
from tests.rate_limits.rows import code_of
from tests.visitor import operate

pytestmark = pytest.mark.usefixtures("site")
STRANGERS = [f"198.51.100.{number}" for number in range(1, 7)]


def test_purge_removes_what_is_old(clock):
    for number in range(60):
        ask(at(), f"u{number}@example.org")
    clock.tick(400 * 86_400)
    call_command("otp_purge", verbosity=0)
    assert (Flow.objects.count(), Message.objects.count(), Counter.objects.count()) == (0, 0, 0)


def test_purge_keeps_limits_open_flows_and_recognised_browsers(clock):
    holder(OWNER)
    visitor = recognised()
    clock.tick(100 * 86_400)
    ask_all(STRANGERS)
    opened = at(HOME)
    ask(opened, "ann@example.com")
    code = memory.sent[-1].code
    call_command("otp_purge", verbosity=0)
    assert ask(at(HOME)) == 429
    assert opened.attempt(code).status_code in {200, 422}
    assert gets_in(visitor)


def test_purge_keeps_code_formats(clock):
    operate(limits={"identifier_failures": 5})
    guess(OWNER, at())
    clock.tick(3 * 86_400)
    call_command("otp_purge", verbosity=0)
    ask(at(HOME))
    assert len(code_of(OWNER)) == 8
