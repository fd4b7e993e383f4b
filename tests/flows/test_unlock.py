"""The unlock link: who gets it, and what it gives."""

import re
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.core import signing
from django.db import DatabaseError, connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from passwordless_otp import clients, keys, links, signals
from passwordless_otp.errors import ResourceNotFound, TooManyRequests
from passwordless_otp.flows import unlock
from passwordless_otp.identifiers import IdentifierValue, Kind
from passwordless_otp.messaging import deliver, dispatch
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Counter, InstanceSettings, Message, TestAddress, UnlockGrant
from tests.unlocking import OTHER, browser, email, saved, token
from tests.visitor import EMAIL, PHONE, ApiVisitor, joined, operate, started

pytestmark = pytest.mark.django_db
DAY = links.UNLOCK_LIFE.total_seconds()


def offer(identifier=None):
    unlock.offer(InstanceSettings.current(), browser(), identifier or email())


def grant(given, visitor=None):
    unlock.grant(InstanceSettings.current(), given, visitor or browser())


def holds(identifier=None, client="a" * 64):
    return UnlockGrant.objects.holds(client, identifier or email())


@pytest.fixture
def reached():
    """The names of the limits that were reported."""
    names = []

    def note(limit, **_):
        names.append(limit)

    signals.limit_reached.connect(note)
    yield names
    signals.limit_reached.disconnect(note)


# The email.


def test_offer_sends_the_link_alone_once_a_day_and_in_the_visitors_language(reached):
    with translation.override("de"):
        offer()
    offer()
    [sent] = memory.sent
    assert (sent.to, sent.code, sent.channel) == (EMAIL, "", "email")
    assert DAY - 5 < sent.seconds_left <= DAY
    for text in [sent.text, sent.html]:
        assert len(set(re.findall(r"https://example.com/auth/unlock/[\w:-]+/", text))) == 1
    assert Message.objects.get().language == "de"
    assert reached == []
    Counter.objects.all().delete()  # a day later
    offer()
    assert len(memory.sent) == 2


@pytest.mark.parametrize(
    ("addresses", "links_sent"),
    [
        (["jane+1@example.com", "jane+2@example.com", "jane+3@example.com"], 1),
        (["ja.ne@gmail.com", "j.ane@googlemail.com", "jane+x@gmail.com"], 1),
        (["jane+1@example.com", "jane@example.com"], 2),  # the plain address has a count of its own
        (["jane@example.com", "joan@example.com"], 2),
    ],
)
def test_other_spellings_of_a_mailbox_have_one_link_a_day_among_them(addresses, links_sent):
    for address in addresses:
        offer(email(address))
    assert len(memory.sent) == links_sent


def unlock_links_to(people):
    """Offer links to them, from one IP address; return who got one, and the reasons of the others."""
    for address in people:
        offer(email(address))
    reasons = Message.objects.filter(status="suppressed").values_list("error_code", flat=True)
    return [message.to for message in memory.sent if not message.code], list(reasons)


STRANGERS = [f"u{number}@example.org" for number in range(3)]


def test_one_ip_address_causes_its_share_of_unlock_links():
    operate(limits={"instance_unlock_emails": 6})
    assert unlock_links_to(STRANGERS) == (STRANGERS[:2], ["limit of unlock links reached by one source"])


def test_links_to_strangers_use_up_none_of_those_to_people_with_an_account():
    joined()
    operate(limits={"instance_unlock_emails": 6})
    got, _ = unlock_links_to([*STRANGERS, EMAIL])
    assert got == [*STRANGERS[:2], EMAIL]


def test_share_of_unlock_links_that_is_not_used_up_refuses_nobody():
    operate(limits={"instance_unlock_emails": 9})
    assert unlock_links_to(STRANGERS) == (STRANGERS, [])


def test_offer_ignores_phone_numbers_and_sends_nothing_where_the_limit_is_0():
    offer(IdentifierValue(Kind.PHONE_NUMBER, PHONE))
    operate(limits={"unlock_emails": 0})
    offer()
    assert not Message.objects.exists()


def test_offer_to_a_test_address_sends_nothing():
    operate(test_mode=True)
    until = timezone.now().date() + timedelta(days=1)
    TestAddress.objects.create(identifier=EMAIL, code="123456", until=until)
    offer()
    assert memory.sent == []
    assert Message.objects.get().status == "suppressed"


@pytest.mark.parametrize("missing", ["PUBLIC_URL", "page"])
def test_offer_without_a_url_sends_nothing_and_counts_nothing(settings, missing):
    if missing == "page":
        settings.ROOT_URLCONF = "django.contrib.auth.urls"
    else:
        settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "PUBLIC_URL": ""}
    offer()
    assert not Message.objects.exists()
    assert not Counter.objects.exists()


def test_offer_runs_the_same_statements_for_known_and_unknown_addresses(settings):
    joined()
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.record"}
    seen = []
    for address in [EMAIL, OTHER]:
        for _ in range(2):  # sent, and refused
            with CaptureQueriesContext(connection) as caught:
                offer(email(address))
            seen.append([re.sub(r"'[^']*'|\d+", "?", query["sql"]) for query in caught])
    assert seen[:2] == seen[2:]
    assert not [sql for sql in seen[0] if '"passwordless_otp_identifier"' in sql or '"auth_user"' in sql]


def test_offer_that_fails_raises_nothing_and_counts_nothing(caplog):
    with patch.object(dispatch, "save", side_effect=DatabaseError(EMAIL)):
        offer()
    assert "no unlock link was sent: DatabaseError" in caplog.text
    assert EMAIL not in caplog.text
    offer()
    assert len(memory.sent) == 1


def test_worker_sends_no_link_that_is_too_old_or_leads_nowhere(settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.record"}
    offer()
    offer(email(OTHER))
    old, lost = Message.objects.order_by("pk")
    Message.objects.filter(pk=old.pk).update(created_at=timezone.now() - links.UNLOCK_LIFE)
    deliver.run_job(str(old.pk))
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "PUBLIC_URL": ""}
    deliver.run_job(str(lost.pk))
    assert memory.sent == []
    assert list(Message.objects.order_by("pk").values_list("status", flat=True)) == ["failed", "suppressed"]


def test_worker_sends_no_link_to_strangers_whom_a_restriction_or_a_bounce_keeps_from_mail():
    joined()
    started(OTHER, sign_up_if_missing=True)
    Message.objects.filter(verification__value=OTHER).update(status="failed")
    offer(email(OTHER))
    operate(sign_up_mode="restricted")
    for address in [EMAIL, "third@example.com"]:
        offer(email(address))
    unlocks = Message.objects.filter(kind="unlock").order_by("pk")
    assert list(unlocks.values_list("to", "status")) == [
        (OTHER, "suppressed"),
        (EMAIL, "sent"),
        ("third@example.com", "suppressed"),
    ]


@pytest.mark.parametrize(("address", "asked"), [(EMAIL, {}), (OTHER, {}), (OTHER, {"sign_up_if_missing": True})])
def test_message_with_the_flag_has_the_link_in_text_and_html(settings, address, asked):
    joined()
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.record"}
    operate(limits={"identifier_unknown_account": 2})
    for flag in [False, True]:
        memory.sent.clear()
        ApiVisitor().sign_in(address, "email_code", **asked)
        message = Message.objects.latest("pk")
        Message.objects.filter(pk=message.pk).update(has_unlock_link=flag)
        deliver.run_job(str(message.pk))
        [sent] = memory.sent
        for text in [sent.text, sent.html]:
            assert ("https://example.com/auth/unlock/" in text) == flag
    assert unlock.find(re.search(r"unlock/(\S+)/", sent.text)[1]) == message


# The grant.


def test_grant_is_for_one_client_one_identifier_and_one_hour():
    grant(token())
    assert holds()
    assert not holds(email(OTHER))
    assert not holds(client="b" * 64)
    assert not holds(client="")
    UnlockGrant.objects.update(expires_at=timezone.now())
    assert not holds()


def test_grant_is_one_select_and_is_found_under_an_older_key(settings, django_assert_num_queries):
    grant(token())
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", [settings.SECRET_KEY]
    with django_assert_num_queries(1):
        assert holds()
    settings.SECRET_KEY_FALLBACKS = []
    assert not holds()


def test_digests_begin_with_the_current_one(settings):
    settings.SECRET_KEY_FALLBACKS = ["older"]
    first, second = keys.digests("unlock", "a", "b")
    assert first == keys.digest("unlock", "a", "b")
    settings.SECRET_KEY = "older"
    assert second == keys.digest("unlock", "a", "b")


def test_grant_names_nobody():
    grant(token())
    [row] = UnlockGrant.objects.values()
    assert EMAIL not in str(row)
    assert EMAIL not in str(UnlockGrant.objects.get())


def test_link_works_in_3_browsers_and_the_same_one_counts_once():
    given = token()
    for client in ["a", "a", "b", "a", "c", "b"]:
        grant(given, browser(client))
    with pytest.raises(ResourceNotFound):
        grant(given, browser("d"))
    grant(given, browser("c"))
    assert [holds(client=client) for client in "abcd"] == [True, True, True, False]
    grant(token(), browser("d"))  # another message has its own 3
    assert holds(client="d")


def test_grant_that_has_expired_is_given_again_and_counts_again():
    given = token()
    for _ in range(3):
        grant(given)
        assert holds()
        UnlockGrant.objects.update(expires_at=timezone.now())
    with pytest.raises(ResourceNotFound):
        grant(given)


def test_bad_links_are_limited_by_ip_address_and_good_ones_are_not():
    operate(limits={"ip_steps": 5})
    for _ in range(5):
        with pytest.raises(ResourceNotFound):
            grant("nonsense")
    with pytest.raises(TooManyRequests):
        grant("nonsense")
    with pytest.raises(ResourceNotFound):
        grant("nonsense", browser(ip="192.0.2.2"))
    grant(token())


def forged():
    code_message = started() and Message.objects.latest("pk")
    good = token()
    yield good[:-1] + ("A" if good[-1] != "A" else "B")
    yield saved().pk.hex
    yield signing.TimestampSigner(salt=links.SALT).sign(saved().pk.hex)
    yield signing.TimestampSigner(key="guessed", salt=links.UNLOCK_SALT).sign(saved().pk.hex)
    yield links.token(saved().pk)
    yield links.unlock_token(code_message.pk)  # that has no link
    yield signing.TimestampSigner(salt=links.UNLOCK_SALT).sign("nonsense")
    yield "\0"
    yield ""
    yield "x" * 5000


def test_no_other_token_gives_a_grant():
    for given in forged():
        with pytest.raises(ResourceNotFound):
            grant(given)
    assert not UnlockGrant.objects.exists()


def test_token_of_a_notice_and_of_an_unlock_link_do_not_work_for_each_other():
    assert links.notice_id(token()) is None
    assert links.unlock_message_id(links.token(saved().pk)) is None


@pytest.mark.parametrize(("age", "works"), [(DAY - 60, True), (DAY + 1, False)])
def test_link_works_for_a_day(age, works):
    now = signing.time.time
    with patch.object(signing.time, "time", lambda: now() - age):
        given = token()
    assert (links.unlock_message_id(given) is not None) == works


def test_grant_goes_with_its_message():
    grant(token())
    Message.objects.all().delete()
    assert not UnlockGrant.objects.exists()


def test_client_with_a_grant_alone_is_known():
    request = RequestFactory().get("/")
    client = clients.current(request, "secret")
    assert client.visitor.client == client.visitor.next_client
    UnlockGrant.objects.give(saved(), client.digest)
    client.reread()
    assert client.visitor.client == client.digest
