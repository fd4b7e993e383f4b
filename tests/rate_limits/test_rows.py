"""Each row of the table that refuses: exactly so many go through, the next is told when to come back."""

import pytest
from django.contrib.auth import get_user_model

from passwordless_otp.errors import TooManyRequests
from passwordless_otp.identifiers import IdentifierValue, Kind
from passwordless_otp.models import Identifier, InstanceSettings, Message
from passwordless_otp.models.instance_settings.limits import Effect
from passwordless_otp.rate_limits import windows
from tests.rate_limits.rows import NUMBER, Rows, elsewhere, only
from tests.visitor import EMAIL, LIMITS, PHONE, ApiVisitor, errors

pytestmark = pytest.mark.django_db
ELSEWHERE = {"unlocked_messages", "unlock_emails"}  # tested with the unlock link
REFUSING = [name for name, limit in LIMITS.items() if limit.effect == Effect.REFUSES and name not in ELSEWHERE]
FINE = {"ip_failures": 422, "ip_steps": 422}
every_row = pytest.mark.parametrize("name", REFUSING)


@every_row
def test_exactly_so_many_go_through_and_the_next_is_told_when_to_come_back(name):
    only(**{name: NUMBER})
    rows = Rows()
    for number in range(NUMBER):
        assert rows.one_more(name, number).status_code == FINE.get(name, 200), number
    answer = rows.one_more(name, NUMBER)
    assert errors(answer) == ["too_many_requests"]
    assert answer.status_code == 429
    wait = int(answer["Retry-After"])
    assert 0 < wait <= LIMITS[name].seconds * 13 / 12
    said = answer.json()["errors"][0]["long_message"]
    assert "Try again in" in said
    assert name not in answer.content.decode()

    page = rows.on_page(name)
    assert page.status_code == 429
    assert abs(int(page["Retry-After"]) - wait) < 60
    assert "Try again in" in page.content.decode()


@every_row
def test_one_that_is_only_tracked_refuses_nobody_and_is_logged_once(name, caplog):
    only(**{name: NUMBER}, tracked_only=[name])
    rows = Rows()
    for number in range(NUMBER + 3):
        assert rows.one_more(name, number).status_code == FINE.get(name, 200), number
    told = [vars(record) for record in caplog.records if getattr(record, "event", "") == "limit_reached"]
    facts = [(each["limit"], each["number"], each["seconds"], each["enforced"]) for each in told]
    assert facts == [(name, NUMBER, LIMITS[name].seconds, False)]


@pytest.mark.parametrize("name", ["emails_unproven", "emails_proven"])
def test_emails_of_the_whole_site_are_suppressed_and_nobody_is_told(name):
    only(**{name: NUMBER})
    addresses = [f"u{number}@example.com" for number in range(NUMBER + 1)]
    for address in addresses if name == "emails_proven" else []:
        user = get_user_model().objects.create(username=address)
        Identifier.objects.create(user=user, kind=Kind.EMAIL_ADDRESS, value=address)
    for number, address in enumerate(addresses):
        assert elsewhere(number).sign_in(address, "email_code", sign_up_if_missing=True).status_code == 200
    states = list(Message.objects.order_by("created_at").values_list("status", "error_code"))
    assert states == [("sent", "")] * NUMBER + [("suppressed", "email limit reached")]


@pytest.mark.parametrize(
    ("seconds", "said"), [(1, "1 minute."), (61, "2 minutes."), (3601, "2 hours."), (86_400, "24 hours.")]
)
def test_the_wait_is_told_in_words(seconds, said):
    assert str(TooManyRequests("x", seconds).long_message).endswith(said)


EMAILS = [
    "jane@example.com", "JANE@example.com", "Jane@Example.com", "jane@EXAMPLE.COM", " jane@example.com",
    "jane@example.com ", "  jane@example.com", "jAne@example.com", "jaNe@example.com", "janE@example.com",
    "JAne@example.com", "JANe@example.com", "jANE@example.com", "jane@Example.com", "jane@eXample.com",
    "jane@exAmple.com", "jane@example.Com", "jane@example.cOm", "jane@example.coM", "JANE@EXAMPLE.COM",
]  # fmt: skip
PHONES = [
    "+14155552671", "+1 4155552671", "+1 415 5552671", "+1 415 555 2671", "+1-415-555-2671", "+1 (415) 555-2671",
    "+1(415)5552671", "+1.415.555.2671", "+1 415-555-2671", "+1 415.555.2671", " +14155552671", "+14155552671 ",
    "+1415 5552671", "+1415-555-2671", "+1415555-2671", "+1 415555-2671", "+1 (415)555-2671", "+1-4155552671",
    "+1 41 55 55 26 71", "+1/415/555/2671",
]  # fmt: skip


@pytest.mark.parametrize(("spellings", "value"), [(EMAILS, EMAIL), (PHONES, PHONE)], ids=["email", "phone"])
def test_20_spellings_are_one_counter(spellings, value):
    settings = only()
    kind = Kind.EMAIL_ADDRESS if "@" in value else Kind.PHONE_NUMBER
    assert len(set(spellings)) == 20
    for number, spelling in enumerate(spellings):
        answer = elsewhere(number).sign_in(spelling, kind.strategy.value)
        assert answer.status_code == 200, spelling
    name = f"identifier_{'emails' if value == EMAIL else 'sms'}"
    assert windows.totals(windows.bucket_for(settings, name, *IdentifierValue(kind, value))) == [20]


def flow_from(remote, forwarded):
    visitor = ApiVisitor(
        **{"X-Forwarded-For": forwarded, "X-Real-IP": "198.51.100.1", "Forwarded": "for=192.0.2.1"}
    )
    visitor.http.defaults["REMOTE_ADDR"] = remote
    return visitor.sign_in(EMAIL).status_code


def test_a_forged_forwarded_for_is_one_bucket():
    only(ip_flows=NUMBER)
    codes = [flow_from("203.0.113.1", f"198.51.100.{number}") for number in range(NUMBER + 1)]
    assert codes == [200] * NUMBER + [429]
    assert flow_from("203.0.113.2", "198.51.100.1") == 200


def test_behind_one_proxy_what_the_proxy_wrote_counts(settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "TRUSTED_PROXIES": 1}
    only(ip_flows=NUMBER)
    forged = [flow_from("10.0.0.1", f"192.0.2.{number}, 198.51.100.7") for number in range(NUMBER + 1)]
    assert forged == [200] * NUMBER + [429]
    assert [flow_from("10.0.0.1", f"198.51.100.7, 198.51.100.{number}") for number in range(20, 30)] == [200] * 10


def test_addresses_of_one_ipv6_site_are_one_bucket():
    only(ip_flows=NUMBER)
    assert [flow_from(f"2001:db8::{number}", "") for number in range(NUMBER + 1)] == [200] * NUMBER + [429]
    assert flow_from("2001:db8:0:1::1", "") == 200


def test_without_an_ip_address_all_share_one_bucket():
    only(ip_flows=NUMBER)
    assert [flow_from(text, "") for text in ["", "unix:", "nonsense", ""]] == [200] * NUMBER + [429]


def test_settings_that_were_never_saved_have_the_limits_of_the_table():
    assert all(InstanceSettings().limit(name) == limit.default for name, limit in LIMITS.items())
