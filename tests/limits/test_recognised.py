"""A recognised browser has counters of its own in every limit, whatever others do at its IP address."""

import hashlib

import pytest

from passwordless_otp import links
from passwordless_otp.models import Counter, Flow, Identifier, Message
from passwordless_otp.models.flows import MOST_MOVED
from tests.limits.people import (
    HERE,
    HOME,
    NUMBER,
    OWNER,
    ask,
    ask_all,
    at,
    gets_in,
    guess,
    holder,
    is_complete,
    lower,
    recognised,
    sign_out,
    type_code,
)
from tests.pages.conftest import PageVisitor
from tests.rate_limits.rows import code_of
from tests.second_step import STEP
from tests.sms.strangers import elsewhere
from tests.test_proofs import with_step
from tests.unlocking import token
from tests.visitor import errors, operate, unlimited

pytestmark = pytest.mark.usefixtures("site")
STRANGERS = [f"198.51.100.{number}" for number in range(1, 7)]


@pytest.fixture
def owner(site):
    """A browser at the attacker's address in which the owner has signed in before."""
    holder(OWNER, NUMBER)
    return recognised(ip=HERE)


def wrong_codes():
    """Fifty from this address, for identifiers of the attacker's own."""
    for number in range(11):
        guess(f"u{number}@example.org", at())


def flows(**typed):
    for _ in range(61):
        at().post("client/sign_ins", **typed)


def messages():
    for number in range(61):
        ask(at(), f"u{number}@example.org")


def sms():
    for number in range(11):
        ask(at(), elsewhere(number))


# At one IP address


def test_right_code_is_taken_after_fifty_wrong_ones_of_neighbours(owner):
    assert ask(owner) == 200
    wrong_codes()
    assert errors(newcomer_types()) == ["too_many_requests"]
    assert is_complete(type_code(owner))


def newcomer_types():
    visitor = at()
    ask(visitor, "new@example.org")
    return type_code(visitor, "new@example.org")


def test_without_neighbours_the_right_code_is_taken(owner):
    assert gets_in(owner)


def test_right_code_is_taken_after_wrong_ones_for_the_same_identifier(owner):
    assert ask(owner) == 200
    code = code_of(OWNER)
    for number in range(3):
        guess(OWNER, at(f"192.0.2.{number}"))
    wrong_codes()
    assert is_complete(owner.attempt(code))


@pytest.mark.parametrize(
    "typed", [{}, {"identifier": "u@example.org"}], ids=["nothing typed", "an address typed"]
)
def test_owner_asks_after_neighbours_have_opened_all_flows(owner, typed):
    flows(**typed)
    assert gets_in(owner)


def test_owner_asks_after_neighbours_have_asked_for_all_messages(owner):
    messages()
    assert gets_in(owner)


def test_owner_asks_by_sms_after_neighbours_have_asked_for_all_sms(owner):
    sms()
    assert ask(at(), NUMBER) == 429
    assert gets_in(owner, NUMBER)


def test_flows_without_an_identifier_use_up_no_flows_of_others():
    flows()
    assert ask(at(), OWNER) == 200


def test_pages_keep_their_recognised_owner_as_well(owner):
    browser = PageVisitor()
    browser.cookies, browser.defaults = owner.http.cookies, owner.http.defaults
    flows()
    assert browser.sign_in(OWNER).status_code in {302, 303}


@pytest.mark.slow
def test_owner_types_the_code_after_neighbours_have_used_up_all_steps(owner):
    assert ask(owner) == 200
    visitor = at()
    ask(visitor, "u@example.org")
    statuses = [visitor.attempt("x").status_code for _ in range(601)]
    assert statuses[-1] == 429
    assert is_complete(type_code(owner))


# At other addresses


@pytest.mark.parametrize("identifier", [OWNER, NUMBER])
def test_owner_asks_after_strangers_have_used_up_an_identifier(owner, identifier):
    ask_all(STRANGERS, identifier)
    assert ask(at(HOME), identifier) == 429
    assert gets_in(owner, identifier)


def test_recognised_browser_fills_no_counter_of_others(owner):
    holder("ann@example.com")
    recognised("ann@example.com")
    for _ in range(6):
        ask(owner)
        owner.sign_in("somebody@example.org")
    assert ask_all(STRANGERS) == ask_all(STRANGERS, "ann@example.com")


# Who is recognised


def test_two_people_who_share_a_browser_stay_recognised():
    ann = "ann@example.com"
    holder(OWNER)
    holder(ann)
    shared = recognised()
    assert gets_in(shared, ann)
    sign_out(shared)
    for person in [OWNER, ann]:
        ask_all(STRANGERS, person)
        assert gets_in(shared, person), person
        sign_out(shared)


def test_copied_cookie_is_worth_nothing_after_the_owner_has_signed_in_again(owner):
    copied = owner.twin()
    assert gets_in(owner)
    ask_all(STRANGERS)
    assert ask(copied) == 429


def test_browser_is_recognised_by_its_cookie_and_not_by_its_address(owner):
    ask_all(STRANGERS)
    assert ask(at(HERE)) == 429


@pytest.mark.parametrize("identifier", [OWNER, NUMBER])
def test_browser_is_not_recognised_by_an_identifier_that_its_user_has_lost(identifier):
    before = holder("before@example.com", identifier)
    theirs = recognised(identifier)
    Identifier.objects.filter(user=before, value=identifier).delete()
    holder("now@example.com", identifier)
    now = recognised(identifier)
    for _ in range(6):
        theirs.sign_in("somebody@example.org")
        ask(theirs, identifier)
    assert gets_in(now, identifier)
    assert gets_in(theirs, "before@example.com")


def test_browser_is_forgotten_after_half_a_year(owner, clock):
    clock.tick(181 * 86_400)
    Counter.objects.all().delete()
    ask_all(STRANGERS)
    assert ask(owner) == 429


def test_no_old_cookie_of_a_shared_browser_is_worth_anything(site):
    unlimited()
    shared = at()
    for number in range(MOST_MOVED + 3):
        holder(f"p{number}@example.com")
        assert gets_in(sign_out(shared), f"p{number}@example.com")
    current = hashlib.sha256(shared.http.cookies["otp_client"].value.encode()).hexdigest()
    held = Flow.objects.filter(status="complete").exclude(client="")
    assert set(held.values_list("client", flat=True)) == {current}
    assert held.count() == MOST_MOVED + 1


def test_browser_stays_recognised_though_the_step_of_the_site_is_given_up(owner, settings):
    with_step(settings)
    assert ask(owner) == 200
    assert errors(type_code(owner)) == ["second_factor_required"]
    ask_all(STRANGERS)
    assert ask(owner) == 200


def test_user_who_takes_the_step_of_the_site_has_one_place_among_the_recognised(owner, settings):
    with_step(settings)
    for _ in range(2):
        ask(sign_out(owner))
        type_code(owner)
        assert owner.http.post(STEP).status_code == 302
    assert Flow.objects.filter(status="complete").exclude(client="").count() == 1


# What only steps count


def use_up_steps():
    visitor = at()
    ask(visitor, "u@example.org")
    assert [visitor.attempt("x").status_code for _ in range(61)][-1] == 429


def test_owner_asks_after_neighbours_have_used_up_all_steps_where_accounts_are_no_secret(owner):
    lower(ip_steps=60)
    operate(enumeration_protection=False)
    holder("u@example.org")
    use_up_steps()
    assert ask(at(), OWNER) == 429
    assert gets_in(owner)


def test_owner_opens_a_flow_before_anything_is_typed_after_neighbours_have_used_up_all_steps(owner):
    lower(ip_steps=60)
    use_up_steps()
    assert at().post("client/sign_ins").status_code == 429
    assert owner.post("client/sign_ins").status_code == 200


# With an unlock link


def test_link_opens_a_flow_that_sends_nothing_yet_after_neighbours_have_opened_all():
    holder(OWNER)
    flows(identifier="u@example.org")
    visitor = at()
    assert visitor.sign_in(OWNER).status_code == 429
    assert visitor.sign_in(OWNER, unlock_token=link()).status_code == 200
    assert visitor.prepare().status_code == 200
    assert is_complete(type_code(visitor))


def link():
    """The token of the link that the refusal has sent."""
    return links.unlock_token(Message.objects.get(kind="unlock", to=OWNER).pk)


def test_link_opens_a_flow_before_anything_is_typed():
    lower(ip_steps=60)
    use_up_steps()
    visitor = at()
    assert visitor.post("client/sign_ins").status_code == 429
    assert visitor.post("client/sign_ins", unlock_token=token()).status_code == 200


def test_link_comes_when_a_right_code_is_refused_for_wrong_ones_of_neighbours():
    holder(OWNER)
    visitor = at()
    assert ask(visitor) == 200
    code = code_of(OWNER)
    wrong_codes()
    assert errors(visitor.attempt(code)) == ["too_many_requests"]
    assert visitor.prepare(unlock_token=link()).status_code == 200
    assert is_complete(visitor.attempt(code))
