"""Any steps in any order: a browser is signed in as U only by the live code of its own flow, for one of U's."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from passwordless_otp import clients
from passwordless_otp.models import Counter, Flow, Identifier, Verification
from tests.visitor import ApiVisitor, both_kinds, operate, unlimited, wrong

pytestmark = pytest.mark.django_db
PEOPLE = {"ann": ["a@example.com", "+14155552671"], "bob": ["b@example.com"]}
ADDRESSES = ["a@example.com", "+14155552671", "b@example.com", "nobody@example.com"]
browsers = st.sampled_from([0, 1])
strategies = st.sampled_from(["email_code", "phone_code"])


class Machine(RuleBasedStateMachine):
    """Each rule is a step that some person takes; `attempt` works out beforehand what it must come to."""

    signed_in = 0

    @initialize(protection=st.booleans())
    def start(self, protection):
        get_user_model().objects.all().delete()
        Flow.objects.all().delete()
        Counter.objects.all().delete()
        both_kinds(enumeration_protection=protection, email_code=True, max_tries=3)
        unlimited()
        for name, values in PEOPLE.items():
            user = get_user_model().objects.create(username=name)
            for value in values:
                kind = "email_address" if "@" in value else "phone_number"
                Identifier.objects.create(user=user, kind=kind, value=value)
        self.browsers, self.logins, self.codes = [ApiVisitor(), ApiVisitor()], [None, None], ["000000"]

    @rule(browser=browsers, address=st.sampled_from(ADDRESSES), box=st.booleans(), send=st.booleans())
    def create(self, browser, address, box, send):
        strategy = ("email_code" if "@" in address else "phone_code") if send else None
        self.browsers[browser].sign_in(address, strategy, sign_up_if_missing=box)

    @rule(browser=browsers, strategy=strategies)
    def prepare(self, browser, strategy):
        visitor = self.browsers[browser]
        if getattr(visitor, "flow", None):
            visitor.prepare(strategy)
            newest = Verification.objects.order_by("-prepared_at").first()
            self.codes += [newest.code()] if newest and newest.nonce else []

    @rule()
    def calm(self):
        operate(email_code=True)
        get_user_model().objects.update(is_active=True, is_staff=False)

    @rule(browser=browsers, address=st.sampled_from(ADDRESSES[:3]))
    def come_in(self, browser, address):
        """The usual way, after whatever was before."""
        self.calm()
        self.sign_out(browser)
        self.create(browser, address, False, True)
        self.attempt(browser, "email_code" if "@" in address else "phone_code", "live")

    @rule(browser=browsers, strategy=strategies, guess=st.sampled_from(["live", "live", "wrong", 0, 1, 2, 3]))
    def attempt(self, browser, strategy, guess):
        """Hand in the live code, a wrong one, or any that somebody was ever sent."""
        visitor = self.browsers[browser]
        if not getattr(visitor, "flow", None):
            return
        expected, live = self.live(visitor, strategy)
        known = {"live": live, "wrong": live and wrong(live)}.get(guess)
        code = known or self.codes[-1 - (guess if isinstance(guess, int) else 0) % len(self.codes)]
        answer = visitor.attempt(code, strategy)
        if answer.status_code == 200:
            assert code == live
            assert answer.json()["response"]["status"] == "complete"
            self.logins[browser] = expected
            Machine.signed_in += 1
            assert expected is not None
        elif expected is not None:
            assert code != live

    def live(self, visitor, strategy):
        """Who is signed in by the live code of this browser's flow, and that code."""
        digest = clients.Client(visitor.http.cookies["otp_client"].value).digest
        flow = Flow.objects.live().filter(client=digest, pk=visitor.flow.removeprefix("sia_")).first()
        kind = "email_address" if strategy == "email_code" else "phone_number"
        newest = flow and flow.verifications.filter(kind=kind).order_by("-prepared_at").first()
        if not newest or newest.state != "unverified" or newest.tries >= newest.max_tries:
            return None, None
        holder = Identifier.objects.filter(kind=kind, value=newest.value).first()
        typed_off = (kind == "email_address" and not self.email_on()) or (
            flow.email_address and not self.email_on()
        )
        may = holder and holder.user.is_active and not holder.user.is_staff and not typed_off
        return (f"user_{holder.user.pk}" if may else None), newest.code()

    @staticmethod
    def email_on():
        from passwordless_otp.models import InstanceSettings

        return InstanceSettings.current().email_code

    @rule(seconds=st.sampled_from([31, 300, 601]))
    def time_passes(self, seconds):
        for verification in Verification.objects.all():
            for name in ["prepared_at", "last_sent_at", "expires_at"]:
                setattr(verification, name, getattr(verification, name) - timedelta(seconds=seconds))
            verification.save()

    @rule(on=st.booleans())
    def toggle(self, on):
        operate(email_code=on)

    @rule(name=st.sampled_from(sorted(PEOPLE)), change=st.sampled_from(["is_active", "is_staff"]))
    def change(self, name, change):
        user = get_user_model().objects.get(username=name)
        setattr(user, change, not getattr(user, change))
        user.save()

    @rule(browser=browsers)
    def sign_out(self, browser):
        self.browsers[browser].post("client/sessions?_method=DELETE")
        self.logins[browser] = None

    @invariant()
    def only_the_live_code_signs_in(self):
        inactive = set(get_user_model().objects.filter(is_active=False).values_list("pk", flat=True))
        for visitor, expected in zip(getattr(self, "browsers", []), getattr(self, "logins", []), strict=True):
            gone = expected and int(expected.removeprefix("user_")) in inactive
            assert visitor.signed_in == (None if gone else expected)


@pytest.mark.parametrize("orders", [8, pytest.param(40, marks=pytest.mark.slow)])
def test_any_order_of_steps(orders):
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    Machine.signed_in = 0
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=orders, stateful_step_count=40, deadline=None, suppress_health_check=checks
        ),
    )
    if orders >= 40:  # in few orders, chance may leave the right code out
        assert Machine.signed_in > orders // 8
