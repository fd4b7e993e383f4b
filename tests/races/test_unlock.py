"""A link gives as many grants as it may, and an address gets one email, however many ask at the same moment."""

import threading

import pytest
from django.db import IntegrityError

from passwordless_otp.errors import ResourceNotFound
from passwordless_otp.flows import unlock
from passwordless_otp.models import InstanceSettings, Message, UnlockGrant
from passwordless_otp.rate_limits import rules, windows
from tests.races.threads import together
from tests.unlocking import browser, email, token
from tests.visitor import operate

pytestmark = pytest.mark.django_db(transaction=True)


def press(given, client):
    try:
        unlock.grant(InstanceSettings.current(), given, browser(client))
    except ResourceNotFound:
        return 0
    return 1


def test_of_12_browsers_3_get_the_grant():
    given = token()
    assert sum(together([lambda client=str(n): press(given, client) for n in range(12)])) == 3
    assert UnlockGrant.objects.count() == 3
    assert press(given, "another") == 0


def test_look_then_save_gives_a_grant_to_every_browser():
    message, moment = unlock.find(token()), threading.Barrier(4)

    def naive(client):
        found = UnlockGrant.objects.filter(message=message).count()
        moment.wait(30)
        if found < unlock.MAX_GRANTS:
            UnlockGrant.objects.give(message, client)

    together([lambda client=str(n): naive(client) for n in range(4)])
    assert UnlockGrant.objects.count() == 4


def test_one_browser_that_presses_3_times_at_once_counts_once():
    given = token()
    assert together([lambda: press(given, "a")] * 3) == [1] * 3
    assert UnlockGrant.objects.count() == 1
    assert [press(given, client) for client in "bcd"] == [1, 1, 0]


def test_grant_that_can_not_be_saved_leaves_its_unit(monkeypatch):
    given = token()

    def fail(*_):
        raise IntegrityError

    with monkeypatch.context() as patched:
        patched.setattr(unlock, "_save", fail)
        for client in "abc":
            press(given, client)
    assert [press(given, client) for client in "abc"] == [1, 1, 1]


def test_of_10_refusals_at_once_one_sends_the_link():
    operate(limits={}, tracked_only=[])
    together([lambda: unlock.offer(InstanceSettings.current(), browser(), email())] * 10)
    assert Message.objects.count() == 1
    settings = InstanceSettings.current()
    assert windows.totals(*rules.for_unlock_email(settings, email())) == [1]
