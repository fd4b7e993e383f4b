"""Every step that changes something counts for its IP address, also one that is answered cheaply.

And what strangers see does not depend on what an owner has done in private.
"""

import pytest

from tests.limits.people import HOME, NUMBER, OWNER, ask, at, gets_in, guess, holder, is_complete, type_code
from tests.pages.conftest import PageVisitor
from tests.rate_limits.rows import another, code_of
from tests.visitor import ApiVisitor, errors, operate

pytestmark = pytest.mark.usefixtures("site")
STEPS = 20  # the limit of these tests
TRIES = 5


def asked(page=False):
    """A browser with an open sign-in of the owner's, whose code was sent."""
    visitor = PageVisitor() if page else ApiVisitor()
    assert (visitor.sign_in(OWNER) if page else visitor.sign_in(OWNER, "email_code")).status_code in {200, 303}
    return visitor


def signing_up():
    visitor = ApiVisitor()
    assert visitor.sign_up(email_address=OWNER, strategy="email_code").status_code == 200
    return visitor


def spent():
    visitor = ApiVisitor()
    guess(OWNER, visitor, TRIES)
    return visitor


def expired(clock):
    visitor = asked()
    clock.tick(601)
    return visitor


CHEAP = {
    "no code": lambda _: (asked(), lambda v: v.attempt("x")),
    "an empty code": lambda _: (asked(), lambda v: v.attempt("")),
    "a code that is too short": lambda _: (asked(), lambda v: v.attempt("12345")),
    "a code that is too long": lambda _: (asked(), lambda v: v.attempt("1234567")),
    "prepare at once": lambda _: (asked(), lambda v: v.prepare()),
    "the same create": lambda _: (asked(), lambda v: v.sign_in(OWNER)),
    "the same create that sends": lambda _: (asked(), lambda v: v.sign_in(OWNER, "email_code")),
    "what is no identifier": lambda _: (ApiVisitor(), lambda v: v.sign_in("nonsense")),
    "tries that are used up": lambda _: (spent(), lambda v: v.attempt("123456")),
    "a code that has expired": lambda clock: (expired(clock), lambda v: v.attempt("123456")),
    "no code for a sign-up": lambda _: (signing_up(), lambda v: v.attempt("x")),
    "prepare a sign-up at once": lambda _: (signing_up(), lambda v: v.prepare()),
    "the same sign-up": lambda _: (signing_up(), lambda v: v.sign_up(email_address=OWNER)),
    "a sign-up that changes nothing": lambda _: (signing_up(), lambda v: v.update(email_address=OWNER)),
    "a sign-up that changes": lambda _: (signing_up(), changing()),
    "no code on a page": lambda _: (asked(page=True), lambda v: v.attempt("x")),
    "the same identifier on a page": lambda _: (asked(page=True), lambda v: v.sign_in(OWNER)),
}


def changing():
    numbers = iter(range(1000))
    return lambda visitor: visitor.update(first_name=f"Jane {next(numbers)}")


@pytest.mark.parametrize("name", CHEAP)
def test_cheap_step_is_refused_once_the_steps_of_its_address_are_used_up(clock, name):
    operate(limits={"ip_steps": STEPS}, first_name="optional")
    visitor, step = CHEAP[name](clock)
    statuses = [step(visitor).status_code for _ in range(STEPS + 1)]
    assert 429 not in statuses[: STEPS - TRIES - 1]
    assert statuses[-1] == 429


@pytest.mark.parametrize("name", ["no code", "prepare at once"])
def test_steps_of_another_address_go_on(clock, name):
    operate(limits={"ip_steps": STEPS})
    visitor, step = CHEAP[name](clock)
    for _ in range(STEPS + 1):
        step(visitor)
    assert ask(at(HOME), "ann@example.com") == 200


def test_refusals_by_another_limit_count_as_steps():
    operate(limits={"ip_steps": STEPS, "ip_emails": 5})
    for number in range(5):
        ask(at(), f"u{number}@example.org")
    refused = [ask(at(), f"v{number}@example.org") for number in range(STEPS + 1)]
    assert refused == [429] * (STEPS + 1)
    assert at().sign_in("nonsense").status_code == 429  # 422 while there are steps left


def test_steps_end_for_known_and_unknown_alike():
    operate(limits={"ip_steps": STEPS})
    holder(OWNER)
    seen = []
    for number, identifier in enumerate([OWNER, "nobody@example.com"]):
        visitor = at(f"198.51.100.{number}")
        ask(visitor, identifier)
        seen.append([visitor.attempt("x").status_code for _ in range(STEPS + 2)])
    assert seen[0] == seen[1]
    assert 429 in seen[0]


def test_a_sign_in_uses_few_steps():
    operate(limits={"ip_steps": STEPS})
    for number in range(STEPS):
        holder(f"p{number}@example.com")
        assert gets_in(at(), f"p{number}@example.com")


@pytest.mark.slow
@pytest.mark.parametrize("step", ["no code", "prepare at once"])
def test_six_hundred_and_first_step_of_an_address_is_refused(clock, step):
    operate(first_name="optional")
    visitor, again = CHEAP[step](clock)
    statuses = [again(visitor).status_code for _ in range(601)]
    assert 429 not in statuses[:595]
    assert statuses[-1] == 429
    clock.tick(660)
    assert again(visitor).status_code != 429


# What strangers see of an owner


def format_seen(identifier, ip):
    """The format of the code that a new browser is asked for."""
    answer = at(ip).sign_in(identifier, "email_code" if "@" in identifier else "phone_code")
    shown = answer.json()["response"]["first_factor_verification"]
    return shown["code_length"], shown["code_alphabet"]


def grown(*identifiers):
    """Let strangers guess until codes for these have 13 letters and digits."""
    operate(limits={"identifier_failures_per_month": 10, "identifier_failures": 50})
    for number in range(2):
        for identifier in identifiers:
            guess(identifier, at(f"198.51.100.{number}"))


@pytest.mark.parametrize("known", [OWNER, NUMBER])
def test_format_of_codes_does_not_tell_that_an_owner_has_signed_in(known):
    unknown = known.replace("jane", "john").replace("55526", "55536")
    holder(known)
    grown(known, unknown)
    assert gets_in(at(HOME), known)
    seen = [format_seen(identifier, "192.0.2.1") for identifier in [known, unknown]]
    assert seen == [(13, "base32")] * 2


def test_format_does_not_tell_that_an_owner_has_typed_a_code_wrong_before_the_right_one():
    unknown = "john@example.com"
    holder(OWNER)
    operate(limits={"identifier_failures": 3})
    for identifier in [OWNER, unknown]:
        guess(identifier, at(), 3)
    visitor = at(HOME)
    ask(visitor)
    visitor.attempt(another(code_of(OWNER)))
    assert is_complete(type_code(visitor))
    assert format_seen(OWNER, "192.0.2.1") == format_seen(unknown, "192.0.2.1") == (8, "digits")


def test_without_an_owner_who_signs_in_both_have_grown():
    holder(OWNER)
    grown(OWNER, "john@example.com")
    assert format_seen(OWNER, HOME) == format_seen("john@example.com", HOME) == (13, "base32")


def test_format_falls_back_by_age(clock):
    operate(limits={"identifier_failures": 5})
    guess(OWNER, at())
    assert format_seen(OWNER, HOME) == (8, "digits")
    clock.tick(7.6 * 86_400)
    assert format_seen(OWNER, HOME) == (6, "digits")


def test_refusal_of_steps_is_told_like_any_other():
    operate(limits={"ip_steps": 3})
    visitor = asked()
    answers = [visitor.attempt("x") for _ in range(4)]
    assert errors(answers[-1]) == ["too_many_requests"]
    assert 0 < int(answers[-1]["Retry-After"]) <= 660
