"""Each comparison is consumed first, and a success refunds only what its own verification has consumed."""

import pytest
from django.db import DatabaseError

from passwordless_otp.identifiers import IdentifierValue, Kind
from passwordless_otp.models import Counter, InstanceSettings, Verification
from passwordless_otp.rate_limits import windows
from tests.rate_limits.rows import another, code_of, elsewhere, guess, only, signed_out
from tests.visitor import EMAIL, PHONE, ApiVisitor, errors, joined, later, newest_code, operate

pytestmark = pytest.mark.django_db
MINE, IP = "me@example.com", "127.0.0.1"


def held(name, *subject):
    return windows.totals(windows.bucket_for(InstanceSettings.current(), name, *subject))[0]


def failures(value=EMAIL):
    kind = Kind.EMAIL_ADDRESS if "@" in value else Kind.PHONE_NUMBER
    return held("identifier_failures", *IdentifierValue(kind, value))


def test_success_refunds_its_own_receipts_and_no_others():
    only()
    joined(EMAIL)
    Counter.objects.all().delete()
    stranger, owner = ApiVisitor(), ApiVisitor()
    guess(EMAIL, stranger)
    guess(EMAIL, owner)
    assert [held("ip_flows", IP), held("ip_emails", IP), held("ip_failures", IP)] == [2, 2, 2]
    assert owner.attempt(code_of(EMAIL)).status_code == 200
    assert [held("ip_flows", IP), held("ip_emails", IP), held("ip_failures", IP)] == [1, 1, 1]
    assert [failures(), held("instance_failures")] == [1, 1]
    assert held("identifier_emails", "email_address", EMAIL) == 2  # what was sent, was sent


def test_proof_of_own_address_refunds_no_guess_at_another_one():
    only()
    visitor = ApiVisitor()
    visitor.sign_up(email_address=MINE, phone_number=PHONE, strategy="phone_code")
    for _ in range(4):
        visitor.attempt(another(code_of(PHONE)), "phone_code")
    assert failures(PHONE) == held("ip_failures", IP) == 4
    visitor.prepare("email_code")
    assert visitor.attempt(newest_code(MINE)).status_code == 200
    assert failures(PHONE) == held("ip_failures", IP) == held("instance_failures") == 4


def test_sign_up_refunds_its_wrong_codes_once_and_nothing_else():
    only()
    visitor = ApiVisitor()
    for number in range(5):
        guess(f"u{number}@example.com")
    visitor.sign_up(email_address=MINE, phone_number=PHONE, strategy="email_code")
    visitor.attempt(another(code_of(MINE)))
    visitor.prepare("phone_code")
    before = held("ip_failures", IP), held("ip_flows", IP), held("ip_emails", IP)
    assert before == (6, 6, 6)
    visitor.attempt(code_of(MINE))
    assert visitor.attempt(code_of(PHONE), "phone_code").json()["response"]["status"] == "complete"
    assert (held("ip_failures", IP), held("ip_flows", IP), held("ip_emails", IP)) == (5, 6, 6)


def test_opening_of_a_sign_up_that_makes_an_account_is_never_refunded():
    only()
    guess("other@example.com")
    visitor = ApiVisitor()
    visitor.sign_up(email_address=MINE, phone_number=PHONE)
    for strategy, identifier in {"email_code": MINE, "phone_code": PHONE}.items():
        visitor.prepare(strategy)
        assert visitor.attempt(code_of(identifier), strategy).status_code == 200
        assert held("ip_flows", IP) == 2
    assert held("ip_sign_ups", IP) == 1


def test_replayed_success_refunds_nothing():
    only()
    joined(EMAIL)
    for number in range(3):
        guess(f"u{number}@example.com")
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code")
    code, twin = newest_code(EMAIL), visitor.twin()
    visitor.attempt(code)
    for again in [twin, visitor, twin]:
        assert again.attempt(code).status_code in {400, 404}
    assert held("ip_failures", IP) == 3


def test_refund_goes_to_the_ip_address_that_consumed():
    only()
    joined(EMAIL)
    Counter.objects.all().delete()
    visitor = ApiVisitor()
    guess(EMAIL, visitor)
    elsewhere(7).sign_in("other@example.com")
    visitor.http.defaults["REMOTE_ADDR"] = "203.0.113.7"
    assert visitor.attempt(code_of(EMAIL)).status_code == 200
    assert held("ip_failures", IP) == held("ip_flows", IP) == 0
    assert held("ip_flows", "203.0.113.7") == 1


def test_each_address_of_a_changed_sign_up_stays_consumed():
    only()
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    for _ in range(4):
        visitor.attempt(another(code_of(EMAIL)))
    visitor.update(email_address=MINE)
    visitor.prepare()
    assert visitor.attempt(newest_code(MINE)).json()["response"]["status"] == "complete"
    assert failures() == held("ip_failures", IP) == 4


def test_failed_verification_is_not_refunded():
    only()
    joined(EMAIL)
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code")
    code = newest_code(EMAIL)
    for _ in range(8):
        visitor.attempt(another(code))
    assert errors(visitor.attempt(code)) == ["verification_failed"]
    assert failures() == held("ip_failures", IP) == 5  # those that were compared


@pytest.mark.parametrize("text", ["", "12345", "abcdef", "1234567"])
def test_text_that_is_no_code_is_not_compared_and_counts_as_a_step(text):
    only()
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code")
    before = Counter.objects.count()
    visitor.attempt(text)
    assert Counter.objects.count() == before + 1
    assert held("ip_steps", IP) == 1
    assert Verification.objects.get().tries == 0


def test_text_that_is_no_code_is_refused_as_such_over_the_limit_too():
    only(ip_failures=3)
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    for number in range(3):
        guess(f"u{number}@example.com")
    assert errors(visitor.attempt(newest_code(EMAIL))) == ["too_many_requests"]
    assert errors(visitor.attempt("abcdef")) == ["form_code_incorrect"]


def test_right_code_over_the_limit_is_not_compared_and_consumes_no_try():
    only(ip_failures=3)
    joined(EMAIL)
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code")
    for number in range(3):
        guess(f"u{number}@example.com")
    tried = Verification.objects.order_by("-pk").values_list("pk", "tries", "status")
    before = list(tried)
    assert errors(visitor.attempt(newest_code(EMAIL))) == ["too_many_requests"]
    assert list(tried) == before
    visitor.http.defaults["REMOTE_ADDR"] = "203.0.113.7"
    assert visitor.attempt(newest_code(EMAIL)).status_code == 200


def test_prepare_that_sends_nothing_counts_as_a_step():
    only()
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code")
    for _ in range(3):
        assert visitor.prepare().status_code == 200
    later(seconds=31)
    visitor.attempt("000000" if code_of(EMAIL) != "000000" else "111111")
    Verification.objects.update(status="failed", nonce="")
    assert errors(visitor.prepare()) == ["verification_failed"]
    assert held("ip_emails", IP) == 1
    assert held("ip_steps", IP) == 4


def test_one_flow_gives_up_before_the_limits_of_its_identifier_are_used_up():
    only()
    operate(messages_per_flow=2)
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code")
    for _ in range(4):
        later(seconds=31)
        visitor.prepare()
    assert errors(visitor.prepare()) == ["verification_code_too_many_requests"]
    assert held("ip_emails", IP) == held("identifier_emails", "email_address", EMAIL) == 2


@pytest.mark.parametrize("also", [{}, {"username": "jane"}])
def test_sign_up_by_the_sign_in_box_stays_counted_but_for_its_attempt(also):
    only()
    operate(username="required" if also else "off")
    visitor = ApiVisitor()
    visitor.sign_in(MINE, "email_code", sign_up_if_missing=True)
    assert errors(visitor.attempt(newest_code(MINE))) == ["sign_up_if_missing_transfer"]
    answer = visitor.sign_up(transfer=True, **also)
    assert answer.json()["response"]["status"] == "complete"
    assert held("ip_flows", IP) == held("ip_emails", IP) == held("ip_sign_ups", IP) == 1
    assert held("ip_failures", IP) == 0


def test_that_somebody_exists_is_told_no_oftener_than_flows_are_begun():
    only(ip_flows=3)
    operate(enumeration_protection=False)
    codes = [ApiVisitor().sign_in(f"u{number}@example.com").status_code for number in range(5)]
    assert codes == [422] * 3 + [429] * 2


def test_that_a_username_is_taken_is_told_no_oftener_than_flows_are_begun():
    only(ip_flows=5)
    operate(username="optional")
    joined(EMAIL, username="jane")
    Counter.objects.all().delete()
    visitor = ApiVisitor()
    visitor.sign_up(email_address=MINE)
    codes = [visitor.update(username="jane").status_code for _ in range(3)]
    codes += [ApiVisitor().sign_up(username="jane", email_address=MINE).status_code for _ in range(3)]
    assert codes == [422] * 4 + [429] * 2


def test_sign_in_completes_when_the_refund_fails(monkeypatch):
    only()
    joined(EMAIL)
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code")

    def broken(*receipts):
        raise DatabaseError

    monkeypatch.setattr(windows, "refund", broken)
    assert visitor.attempt(newest_code(EMAIL)).status_code == 200
    assert visitor.signed_in


def test_strangers_use_up_nothing_of_a_recognised_browser():
    only(identifier_emails=4, identifier_emails_per_day=5, emails_proven=4)
    owner = signed_out()
    codes = [elsewhere(number).sign_in(EMAIL, "email_code").status_code for number in range(5)]
    assert codes[-1] == 429
    assert owner.sign_in(EMAIL, "email_code").status_code == 200
    assert owner.attempt(newest_code(EMAIL)).status_code == 200


def test_a_cookie_that_somebody_made_up_has_no_bucket_of_its_own():
    only(identifier_emails=2)
    joined(EMAIL)
    for number in range(3):
        visitor = elsewhere(number)
        visitor.http.cookies["otp_client"] = f"made-up-{number}"
        answer = visitor.sign_in(EMAIL, "email_code")
    assert answer.status_code == 429


def test_a_browser_that_somebody_else_has_signed_in_with_is_a_stranger():
    only(identifier_emails=2)
    joined(EMAIL)
    other = signed_out("other@example.com")
    elsewhere().sign_in(EMAIL, "email_code")
    assert other.sign_in(EMAIL, "email_code").status_code == 429


def test_right_code_refunds_none_of_the_failures_of_strangers():
    only()
    joined(EMAIL)
    guess(EMAIL)
    assert held("identifier_failures_per_month", "email_address", EMAIL) == 1
    owner = ApiVisitor()
    owner.sign_in(EMAIL, "email_code")
    assert owner.attempt(code_of(EMAIL)).status_code == 200
    assert held("identifier_failures_per_month", "email_address", EMAIL) == failures() == 1
