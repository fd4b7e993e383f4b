"""BEFORE_LOGIN: a proof that waits for a step of the site gets its user in once, and nobody else."""

import threading
from datetime import timedelta
from http.cookies import SimpleCookie

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in

from passwordless_otp import signals
from passwordless_otp.flows import lifecycle
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Counter, Flow, Identifier
from passwordless_otp.models.flows import FlowQuerySet, Status
from passwordless_otp.testing.journeys import PageJourney
from tests import second_step
from tests.existing_users import people
from tests.races.threads import logins, together
from tests.second_step import STEP
from tests.visitor import EMAIL, ApiVisitor, errors, joined, newest_code, operate, started

COPIES = 4
SIGNED_COOKIES = "django.contrib.sessions.backends.signed_cookies"


def with_step(settings, name="step"):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "BEFORE_LOGIN": f"tests.second_step.{name}"}
    settings.ROOT_URLCONF = "tests.second_step"


@pytest.fixture
def site(settings, db):
    """A site with a user, who has signed in before the site had a step of its own."""
    joined()
    memory.sent.clear()
    second_step.asked.clear()
    with_step(settings)
    return settings


def user():
    return get_user_model().objects.get(otp_identifiers__value=EMAIL)


def proven():
    """A visitor who has proven who they are, and waits."""
    visitor = started()
    assert errors(visitor.attempt(newest_code())) == ["second_factor_required"]
    return visitor


def who_waits(visitor):
    return visitor.http.get(STEP).content.decode()


def complete(visitor):
    return visitor.http.post(STEP)


def refused(visitor):
    """Whether nobody gets in any more by this browser's proof."""
    assert complete(visitor).status_code in {400, 404}
    return visitor.signed_in is None


@pytest.fixture
def heard():
    """The names of the signals meanwhile."""
    names = []
    sent = {"signed_up": signals.signed_up, "signed_in": signals.signed_in, "login": user_logged_in}
    for name, signal in sent.items():
        signal.connect(lambda name=name, **_: names.append(name), weak=False, dispatch_uid=name)
    yield names
    for name, signal in sent.items():
        signal.disconnect(dispatch_uid=name)


def test_right_code_logs_in_only_after_the_step_of_the_site(site, heard):
    visitor = started()
    answer = visitor.attempt(newest_code())
    assert (answer.status_code, answer.json()["meta"]) == (403, {"redirect_url": STEP})
    assert answer.json()["errors"][0]["meta"] == {"redirect_url": STEP}
    assert second_step.asked == [(user().pk, "proven")]
    assert (visitor.signed_in, who_waits(visitor), heard) == (None, str(user().pk), [])
    done = complete(visitor)
    assert (done.status_code, done["Location"]) == (302, "/")
    assert visitor.signed_in == f"user_{user().pk}"
    assert heard == ["login", "signed_in"]
    assert (who_waits(visitor), complete(visitor).content) == ("nobody", b"session_exists")


def test_session_has_nothing_of_the_proof_but_its_id_under_a_new_key(site):
    visitor = started()
    session = visitor.http.session
    session["cart"] = "full"
    session.save()
    before = visitor.http.cookies["sessionid"].value
    visitor.attempt(newest_code())
    assert visitor.http.cookies["sessionid"].value != before
    flow = Flow.objects.get(status=Status.PROVEN)
    assert dict(visitor.http.session) == {"cart": "full", "_passwordless_otp_waiting": flow.pk.hex}


def test_pages_go_to_the_step_and_then_to_where_the_visitor_was_going(site):
    visitor = PageJourney()
    visitor.sign_in(EMAIL)
    answer = visitor.attempt(newest_code(), next="/basket/")
    assert (answer.status_code, answer["Location"]) == (303, STEP)
    assert visitor.post(STEP)["Location"] == "/basket/"
    assert visitor.signed_in == str(user().pk)


def test_existing_user_who_is_linked_takes_the_step_as_well(settings, db):
    with_step(settings)
    linked = people.existing()
    visitor, answer = people.prove()
    assert errors(answer) == ["second_factor_required"]
    assert (visitor.signed_in, who_waits(visitor)) == (None, str(linked.pk))
    assert "the password does not work any more" in " ".join(memory.sent[-1].text.split())
    told = len(memory.sent)
    complete(visitor)
    assert visitor.signed_in == f"user_{linked.pk}"
    assert Flow.objects.get(user=linked).details["linked"] == "link"
    assert len(memory.sent) == told  # once, whether or not the step is taken


def test_existing_user_who_needs_no_step_is_linked_and_logged_in(settings, db):
    with_step(settings, "no_step")
    linked = people.existing()
    assert people.prove_on_page()[0].signed_in == str(linked.pk)


def test_proof_of_an_identifier_that_is_removed_meanwhile_is_worth_nothing(site):
    visitor = proven()
    Identifier.objects.filter(value=EMAIL).delete()
    assert who_waits(visitor) == "nobody"
    assert refused(visitor)


def test_proof_of_an_identifier_that_another_user_has_by_now_is_worth_nothing(site):
    visitor = proven()
    Identifier.objects.move(user(), people.existing("other", "other@example.com"))
    assert who_waits(visitor) == "nobody"
    assert refused(visitor)


def test_function_that_returns_none_logs_in_at_once(site, heard):
    with_step(site, "no_step")
    visitor = started()
    assert visitor.attempt(newest_code()).json()["response"]["status"] == "complete"
    assert visitor.signed_in
    assert heard == ["login", "signed_in"]
    assert "proof" not in Flow.objects.get(purpose="sign_in").details


def test_sign_up_waits_as_well_and_is_reported_once_it_is_complete(settings, db, heard):
    with_step(settings)
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    answer = visitor.attempt(newest_code())
    assert (answer.status_code, errors(answer)) == (403, ["second_factor_required"])
    assert answer.json()["meta"] == {"redirect_url": STEP}
    assert (visitor.signed_in, heard) == (None, [])
    assert complete(visitor).status_code == 302
    assert visitor.signed_in
    assert heard == ["login", "signed_up", "signed_in"]


def test_transferred_sign_up_waits_as_well(settings, db):
    with_step(settings)
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code", sign_up_if_missing=True)
    assert errors(visitor.attempt(newest_code())) == ["sign_up_if_missing_transfer"]
    assert errors(visitor.sign_up(transfer=True)) == ["second_factor_required"]
    assert visitor.signed_in is None
    assert complete(visitor).status_code == 302
    assert visitor.signed_in


@pytest.mark.parametrize(
    "name", ["broken_step", "foreign_step", "protocol_relative_step", "confused_step", "no_such_function"]
)
def test_nobody_gets_in_where_the_function_fails_or_names_another_host(site, caplog, heard, name):
    with_step(site, name)
    visitor = started()
    answer = visitor.attempt(newest_code())
    assert (answer.status_code, errors(answer)) == (503, ["service_unavailable"])
    assert "BEFORE_LOGIN failed" in caplog.text
    assert newest_code() not in caplog.text
    assert (who_waits(visitor), heard) == ("nobody", [])
    assert refused(visitor)
    assert not Flow.objects.filter(status=Status.PROVEN)


def test_page_says_that_it_failed(site):
    with_step(site, "broken_step")
    visitor = PageJourney()
    visitor.sign_in(EMAIL)
    assert visitor.attempt(newest_code()).status_code == 503
    assert visitor.signed_in is None


def test_copy_of_a_signed_cookie_gets_no_second_login(site):
    site.SESSION_ENGINE = SIGNED_COOKIES
    visitor = proven()
    thief = visitor.twin()
    assert complete(visitor).status_code == 302
    assert refused(thief)


@pytest.mark.parametrize("path", ["/log-in/?name=other", "/auth/sign-out/"])
def test_copy_of_a_signed_cookie_is_worth_nothing_after_a_login_or_logout(site, path):
    site.SESSION_ENGINE = SIGNED_COOKIES
    get_user_model().objects.create_user("other")
    visitor = proven()
    thief = visitor.twin()
    if "sign-out" in path:
        visitor.http.delete("/auth/v1/client", headers={"Origin": "http://testserver"})
    else:
        visitor.http.get(path)
    assert refused(thief)


def test_copy_of_a_session_without_the_cookie_of_the_browser_is_worth_nothing(site):
    visitor = proven()
    thief = ApiVisitor()
    thief.http.cookies = SimpleCookie({"sessionid": visitor.http.cookies["sessionid"].value})
    assert who_waits(thief) == "nobody"
    assert refused(thief)


@pytest.fixture
def at_once(transactional_db, site, monkeypatch):
    """Copies of one session that have all seen the proof wait before one of them takes it: how many get in."""
    site.SESSION_ENGINE = SIGNED_COOKIES
    read, all_have_read = lifecycle.waiting_proof, threading.Barrier(COPIES)

    def waiting_proof(*given):
        found = read(*given)
        all_have_read.wait(30)
        return found

    def run():
        visitor = proven()
        copies = [visitor.twin() for _ in range(COPIES)]
        monkeypatch.setattr(lifecycle, "waiting_proof", waiting_proof)
        with logins() as counted:
            together([lambda copy=copy: complete(copy) for copy in copies])
        return len(counted)

    return run


def test_calls_of_complete_at_once_are_one_login(at_once):
    assert at_once() == 1


def test_calls_of_complete_at_once_are_many_logins_without_the_condition_of_the_update(at_once, monkeypatch):
    monkeypatch.setattr(FlowQuerySet, "waiting", lambda self: self)
    assert at_once() == COPIES


def change_password():
    changed = user()
    changed.set_password("another")
    changed.save()


@pytest.mark.parametrize(
    "change",
    [
        change_password,
        lambda: get_user_model().objects.update(is_active=False),
        lambda: get_user_model().objects.update(is_staff=True),
        lambda: get_user_model().objects.all().delete(),
        lambda: Flow.objects.update(expires_at=Flow.objects.latest("pk").expires_at - timedelta(minutes=10)),
    ],
    ids=["another password", "deactivated", "staff by now", "deleted", "expired"],
)
def test_proof_is_refused_after(site, change):
    visitor = proven()
    change()
    assert who_waits(visitor) == "nobody"
    assert refused(visitor)


def test_it_was_not_me_ends_a_proof_that_waits(site):
    get_user_model().objects.update(password="md5$salt$usable")
    visitor = proven()
    lifecycle.end_all_of(user())
    assert refused(visitor)


def test_new_flow_drops_the_proof(site):
    visitor = proven()
    visitor.sign_in("somebody@example.com")
    assert who_waits(visitor) == "nobody"
    assert refused(visitor)
    assert not Flow.objects.filter(status=Status.PROVEN)


def test_other_login_drops_the_proof_and_stays(site):
    other = get_user_model().objects.create_user("other")
    visitor = proven()
    visitor.http.get("/log-in/?name=other")
    assert complete(visitor).content == b"session_exists"
    assert visitor.signed_in == f"user_{other.pk}"
    visitor.http.delete("/auth/v1/client", headers={"Origin": "http://testserver"})
    assert refused(visitor)


def test_who_was_signed_in_before_is_signed_out_while_the_proof_waits(site):
    get_user_model().objects.create_user("other")
    visitor = started()
    visitor.http.get("/log-in/?name=other")
    visitor.attempt(newest_code())
    assert visitor.signed_in is None
    complete(visitor)
    assert visitor.signed_in == f"user_{user().pk}"


def test_notice_goes_out_and_limits_are_refunded_only_when_complete(site):
    visitor = proven()
    [code] = memory.sent
    kept = dict(Counter.objects.filter(count__gt=0).values_list("key", "count"))
    assert code.code
    assert not Flow.objects.filter(notice_due=True)
    complete(visitor)
    assert [message.code for message in memory.sent] == [code.code, ""]
    left = dict(Counter.objects.filter(count__gt=0).values_list("key", "count"))
    assert sum(left.values()) < sum(kept.values())


def test_limits_are_the_same_in_the_end_with_and_without_a_step(site):
    def left():
        return sorted(Counter.objects.filter(count__gt=0).values_list("key", "count"))

    Counter.objects.all().delete()
    complete(proven())
    with_steps = left()
    Counter.objects.all().delete()
    site.PASSWORDLESS_OTP = {**site.PASSWORDLESS_OTP, "BEFORE_LOGIN": ""}
    started().attempt(newest_code())
    assert with_steps == left() != []


def test_browser_that_only_waited_is_not_recognised(site):
    visitor = proven()
    assert not Flow.objects.filter(completed_at__isnull=False, purpose="sign_in")
    visitor.sign_in(EMAIL, "email_code")
    visitor.attempt(newest_code())
    complete(visitor)
    assert len([message for message in memory.sent if not message.code]) == 1  # a browser new to its user


def test_returning_browser_gets_no_notice_though_its_proof_waited(site):
    visitor = proven()
    complete(visitor)
    visitor.http.delete("/auth/v1/client", headers={"Origin": "http://testserver"})
    memory.sent.clear()
    visitor.sign_in(EMAIL, "email_code")
    visitor.attempt(newest_code())
    complete(visitor)
    assert [bool(message.code) for message in memory.sent] == [True]


def test_same_code_again_is_refused_while_the_proof_waits(site):
    visitor = proven()
    assert visitor.attempt(newest_code()).status_code == 404
    assert who_waits(visitor) == str(user().pk)


def test_staff_who_may_sign_in_by_code_wait_as_well(site):
    operate(staff_sign_in=True)
    get_user_model().objects.update(is_staff=True)
    visitor = proven()
    assert complete(visitor).status_code == 302
    assert visitor.signed_in


def test_linked_user_waits_as_well(settings, db):
    with_step(settings)
    existing = get_user_model().objects.create_user("jane", EMAIL, "password")
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    assert errors(visitor.attempt(newest_code())) == ["second_factor_required"]
    assert who_waits(visitor) == str(existing.pk)
    assert complete(visitor).status_code == 302
    assert visitor.signed_in == f"user_{existing.pk}"
    assert Flow.objects.get().details["linked"] == "link"
