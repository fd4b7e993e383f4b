"""Operators get one mail where a limit of the whole instance suppresses messages or makes codes longer."""

import django
import pytest
from django.core import mail

from passwordless_otp import events
from passwordless_otp.messaging import dispatch
from passwordless_otp.models.instance_settings.limits import LIMITS
from tests import hooks
from tests.rate_limits.rows import elsewhere as browser
from tests.rate_limits.rows import guess, only
from tests.sms.strangers import ask, elsewhere, sent
from tests.visitor import operate

pytestmark = pytest.mark.usefixtures("phone", "admins")
OPERATOR = "operator@example.com"


@pytest.fixture
def admins(settings):
    settings.ADMINS = [OPERATOR if django.VERSION >= (6, 0) else ("Operator", OPERATOR)]


def mails():
    """The mails to operators."""
    return [message for message in mail.outbox if message.to == [OPERATOR]]


def test_operators_are_told_once_of_a_limit_of_the_whole_instance():
    operate(limits={"sms_instance": 4, "sms_instance_per_day": 1000})
    for index in range(3):
        ask(elsewhere(index), index)
    assert mails() == []  # at 50 %
    for index in range(3, 8):
        ask(elsewhere(index), index)
    [told] = mails()
    assert "SMS to unverified numbers on the whole site per hour" in told.subject
    assert "The number is 4." in told.body
    assert str(LIMITS["sms_instance"].help) in told.body
    assert "https://example.com/admin/passwordless_otp/instancesettings/1/change/" in told.body


def test_operators_are_told_of_a_spent_budget():
    operate(sms_prices="US 0.40", sms_daily_budget=1)
    for index in range(3):
        ask(elsewhere(index), index)
    [told] = mails()
    assert "daily budget for unverified numbers" in told.subject
    assert "The number is 1.0000 USD." in told.body
    assert "unverified numbers get no SMS" in told.body


def test_operators_are_told_of_each_paused_country():
    operate(limits={"sms_conversion_sample": 5})
    for index in range(7):
        ask(elsewhere(index), index)
    [told] = mails()
    assert "SMS to US are paused" in told.subject
    assert "fewer than 20 %" in told.body
    events.country_paused("CA")
    events.country_paused("US")
    assert [told.subject[-16:] for told in mails()[1:]] == ["to CA are paused"]


def test_operators_are_told_when_codes_of_the_whole_instance_grow(clock):
    only(instance_failures=2, identifier_failures=1)
    guess()
    assert mails() == []  # of one identifier
    guess()
    [told] = mails()
    assert "before codes have 8 digits" in told.subject
    clock.tick(30 * 60)
    events.code_format_escalated("instance_failures", "instance", None, 8, "digits")
    assert len(mails()) == 1
    clock.tick(2 * 60 * 60)
    events.code_format_escalated("instance_failures", "instance", None, 8, "digits")
    assert len(mails()) == 2


@pytest.mark.parametrize("name", ["sms_instance", "sms_conversion"])
def test_limit_that_is_only_counted_is_no_news(name):
    operate(limits={"sms_instance": 6, "sms_conversion_sample": 5}, tracked_only=[name])
    for index in range(7):
        ask(elsewhere(index), index)
    subjects = [told.subject.partition("] ")[2] for told in mails()]
    news = {
        "sms_conversion": "SMS to US are paused",
        "sms_instance": f"Limit reached: {LIMITS['sms_instance'].label}",
    }
    assert subjects == [subject for limit, subject in news.items() if limit != name]


@pytest.mark.parametrize("addresses", ["proven", "unproven"])
def test_unlock_links_of_the_site_that_are_used_up_are_told_as_well(addresses):
    events.budget_reached("instance_unlock_emails", (addresses,), 100)
    assert len(mails()) == 1


def test_each_group_of_visitors_counts_for_itself_and_one_mail_is_enough():
    events.budget_reached("sms_proven", ("group", "recognised"), 100)
    events.budget_reached("sms_proven", (), 100)
    [told] = mails()
    assert str(LIMITS["sms_proven"].label) in told.subject


@pytest.mark.parametrize(("number", "news"), [(0, 0), (1, 1)])
def test_messages_that_are_switched_off_are_no_news(number, news):
    operate(limits={"sms_instance": number})
    for index in range(2):
        ask(elsewhere(index), index)
    assert len(mails()) == news


def test_limit_of_a_prefix_is_no_news():
    for index in range(6):
        ask(f"+1415555{index:04}", index)
    assert mails() == []


def test_nothing_is_done_without_operators(settings):
    settings.ADMINS = []
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.record"}
    hooks.recorded.clear()
    events.budget_reached("sms_instance", (), 100)
    assert hooks.recorded == []


def test_mail_is_left_to_the_worker(settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.record"}
    hooks.recorded.clear()
    events.budget_reached("sms_instance", (), 100)
    events.country_paused("US")
    assert (hooks.recorded, mails()) == (["limit:sms_instance", "limit:sms_conversion,US"], [])
    for job in hooks.recorded:
        dispatch.deliver.run_job(job)
    assert len(mails()) == 2


def test_mail_that_fails_changes_no_answer_and_stops_no_message(settings, caplog):
    if hasattr(settings, "MAILERS"):
        settings.MAILERS = {"default": {"BACKEND": "no.such.Backend"}}
    else:
        settings.EMAIL_BACKEND = "no.such.Backend"
    settings.SERVER_EMAIL = "no address\n"
    operate(limits={"sms_instance": 1, "instance_failures": 1})
    ask(elsewhere(0), 0)
    assert guess(visitor=browser()).status_code == 422
    assert sent() == 1
    failures = [line for line in caplog.messages if "ADMINS were not told" in line]
    assert len(failures) == 2
