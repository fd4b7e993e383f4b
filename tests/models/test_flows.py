"""What the statements of an attempt ask of their row: each condition, by itself, keeps it unchanged."""

from datetime import timedelta

import pytest
from django.utils import timezone

from passwordless_otp.errors import ResourceNotFound, VerificationExpired
from passwordless_otp.models import Flow, Verification
from passwordless_otp.models.flows import LIFE, Overtaken
from tests.visitor import EMAIL

pytestmark = pytest.mark.django_db
GONE = {"expires_at": timezone.now() - timedelta(seconds=1)}
LONGER = 8  # than the code of six digits


@pytest.fixture
def flow():
    return Flow.objects.create(client="mine", purpose="sign_in")


@pytest.fixture
def verification(flow):
    return verification_of(flow)


def verification_of(flow, value=EMAIL):
    """One that is as good as any other: the two differ in their keys only."""
    until = timezone.now() + timedelta(minutes=10)
    given = {"kind": "email_address", "max_tries": 5, "nonce": "n", "expires_at": until}
    return Verification.objects.create(flow=flow, value=value, **given)


def change(row, **changes):
    """Change a row as another request does: `row` does not know of it."""
    type(row).objects.filter(pk=row.pk).update(**changes)


def tries(verification):
    return Verification.objects.get(pk=verification.pk).tries


def test_flow_is_named_by_its_purpose_and_time(flow):
    flow.created_at = timezone.datetime(2026, 5, 4, 12, 30, tzinfo=timezone.get_current_timezone())
    assert str(flow) == "sign-in 2026-05-04 12:30"


def test_flow_is_open_for_a_day(flow):
    assert timedelta(days=1) == LIFE
    assert timedelta() <= timezone.now() + LIFE - flow.expires_at < timedelta(minutes=1)


# The flow's row


def test_step_changes_its_own_flow_and_no_other(flow):
    other = Flow.objects.create(client="mine", purpose="sign_up")
    assert flow.touch(phone_number="+1").phone_number == "+1"
    flow.refresh_from_db()
    other.refresh_from_db()
    assert (flow.phone_number, other.phone_number) == ("+1", "")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"client": "another"}, ResourceNotFound),
        ({"status": "ended"}, ResourceNotFound),
        (GONE, VerificationExpired),
    ],
)
def test_step_is_refused_once_its_flow_is_moved_ended_or_abandoned(flow, changes, refusal):
    change(flow, **changes)
    with pytest.raises(refusal):
        flow.touch(phone_number="+1")
    assert Flow.objects.get().phone_number == ""


def test_step_begun_before_the_cookie_moved_may_end(flow):
    change(flow, client="next", moved_from="mine")
    flow.touch(phone_number="+1")
    assert Flow.objects.get().phone_number == "+1"


# The verdict


@pytest.mark.parametrize("is_failure", [True, False])
def test_try_is_counted_once_and_for_no_other_identifier(flow, verification, is_failure):
    other = verification_of(flow, "other@example.com")
    assert verification.judge(6, is_failure=is_failure)
    assert (tries(verification), tries(other)) == (1, 0)


@pytest.mark.parametrize("is_failure", [True, False])
@pytest.mark.parametrize(
    ("changes", "required_length"),
    [
        ({"tries": 5}, 6),
        (GONE, 6),
        ({"nonce": "another"}, 6),
        ({"tries": 1}, LONGER),
    ],
)
def test_there_is_no_verdict_without_a_try_time_or_the_same_code_left(
    verification, is_failure, changes, required_length
):
    change(verification, **changes)
    assert not verification.judge(required_length, is_failure=is_failure)
    assert tries(verification) == changes.get("tries", 0)


@pytest.mark.parametrize("is_failure", [True, False])
def test_there_is_no_second_verdict(verification, is_failure):
    change(verification, status="verified", nonce="")
    verification.nonce = ""  # read since
    assert not verification.judge(6, is_failure=is_failure)
    assert tries(verification) == 0


@pytest.mark.parametrize("is_failure", [True, False])
@pytest.mark.parametrize(("tried", "required_length"), [(0, LONGER), (4, 6)])
def test_shorter_code_than_required_has_its_first_try(verification, is_failure, tried, required_length):
    change(verification, tries=tried)
    assert verification.judge(required_length, is_failure=is_failure)


@pytest.mark.parametrize("changes", [{"status": "ended"}, GONE])
def test_wrong_code_gets_no_verdict_once_its_flow_is_ended_or_abandoned(flow, verification, changes):
    change(flow, **changes)
    with pytest.raises(Overtaken):
        verification.record_failure(6, [])
    assert tries(verification) == 0


def test_wrong_code_gets_no_verdict_in_another_flow(verification):
    verification.flow = Flow.objects.create(client="mine", purpose="sign_up")
    with pytest.raises(Overtaken):
        verification.record_failure(6, [])


@pytest.mark.parametrize(("tried", "left"), [(3, ("unverified", "n")), (4, ("failed", ""))])
def test_last_wrong_code_fails_the_verification_and_erases_its_nonce(verification, tried, left):
    change(verification, tries=tried)
    assert verification.record_failure(6, [["key", 1]]) is (left[0] == "failed")
    verification.refresh_from_db()
    assert (verification.status, verification.nonce) == left
    assert (verification.tries, verification.receipts) == (tried + 1, [["key", 1]])


def test_nonce_has_128_bits(verification):
    verification.renew(timedelta(minutes=10), timezone.now(), 6, "digits")
    assert len(bytes.fromhex(verification.nonce)) * 8 == 128
