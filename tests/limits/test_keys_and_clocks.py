"""A rotated key, a clock that jumps and a store that fails loosen no limit, and never look like a sign-out."""

import pytest
from django.conf import settings as site_settings

from tests.limits import failing_cache
from tests.limits.people import (
    HERE,
    HOME,
    OWNER,
    ask,
    ask_all,
    at,
    gets_in,
    guess,
    holder,
    is_complete,
    recognised,
    sent,
    type_code,
)
from tests.rate_limits.rows import code_of
from tests.visitor import errors

pytestmark = pytest.mark.usefixtures("site")
STRANGERS = [f"198.51.100.{number}" for number in range(1, 7)]


# Keys


@pytest.fixture
def rotate(settings):
    """Set another SECRET_KEY and keep the older ones as fallbacks."""

    def rotate(key, keep=True):
        older = [site_settings.SECRET_KEY, *site_settings.SECRET_KEY_FALLBACKS] if keep else []
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = key, older

    return rotate


@pytest.mark.parametrize("times", [1, 2])
def test_identifier_at_its_limit_stays_there_after_a_rotation(rotate, times):
    ask_all(STRANGERS)
    assert ask(at(HOME)) == 429
    for number in range(times):
        rotate(f"new {number}")
    assert ask(at(HOME)) == 429


def test_limit_of_an_address_goes_on_from_where_it_was(rotate):
    assert [ask(at()) for _ in range(2)] == [200, 200]
    rotate("new")
    assert [ask(at()) for _ in range(2)] == [200, 429]


def test_wrong_codes_of_an_address_stay_counted(rotate):
    for number in range(10):
        guess(f"u{number}@example.org", at())
    rotate("new")
    assert guess("v@example.org", at())[:1] == [429]


@pytest.mark.parametrize(("number", "length"), [(10, 8), (20, 13)])
def test_code_format_stays_after_a_rotation(rotate, number, length):
    for ip in STRANGERS[: number // 5]:
        guess(OWNER, at(ip))
    ask(at(HOME))
    before = len(code_of(OWNER))
    rotate("new")
    ask(at("203.0.113.10"))
    assert (before, len(code_of(OWNER))) == (length, length)


def test_wrong_codes_before_and_after_a_rotation_add_up(rotate):
    guess(OWNER, at())
    rotate("new")
    guess(OWNER, at())
    ask(at(HOME))
    assert len(code_of(OWNER)) == 8


def test_browser_stays_recognised_after_a_rotation(rotate):
    holder(OWNER)
    visitor = recognised()
    ask_all(STRANGERS)
    rotate("new")
    assert gets_in(visitor)


def test_without_the_older_key_counters_start_anew(rotate):
    ask_all(STRANGERS)
    rotate("new", keep=False)
    assert ask(at(HOME)) == 200


# Clocks


@pytest.mark.parametrize("hours", [1, 24])
def test_message_goes_out_after_the_clock_was_set_back(clock, hours):
    holder(OWNER)
    visitor = at()
    ask(visitor)
    clock.tick(120 - hours * 3600)
    assert visitor.prepare().status_code == 200
    assert sent(OWNER) == 2
    assert is_complete(type_code(visitor))


def test_message_goes_out_after_two_minutes_without_a_jump(clock):
    holder(OWNER)
    visitor = at()
    ask(visitor)
    clock.tick(20)
    visitor.prepare()
    assert sent(OWNER) == 1
    clock.tick(100)
    visitor.prepare()
    assert sent(OWNER) == 2


def test_clock_that_was_set_back_opens_no_limit(clock):
    ask_all([HERE])
    clock.tick(-3600)
    assert ask(at()) == 429


def test_clock_that_was_set_back_allows_no_flood(clock):
    holder(OWNER)
    visitor = at()
    ask(visitor)
    clock.tick(-3600)
    for _ in range(5):
        visitor.prepare()
    assert sent(OWNER) <= 2


# Stores


@pytest.fixture
def store(settings):
    """Sessions in a cache. What is returned stops and starts it."""
    settings.CACHES = {"default": {"BACKEND": "tests.limits.failing_cache.Cache"}}
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    yield failing_cache.stopped
    failing_cache.stopped.clear()


@pytest.mark.parametrize("path", ["me", "client"])
def test_session_store_that_is_down_is_no_sign_out(store, path):
    holder(OWNER)
    visitor = at()
    assert gets_in(visitor)
    store.append(True)
    answer = visitor.get(path)
    assert (answer.status_code, errors(answer)) == (503, ["service_unavailable"])
    store.clear()
    assert visitor.signed_in


def test_right_code_while_the_store_is_down_signs_nobody_in_and_another_one_does(store):
    holder(OWNER)
    visitor = at()
    ask(visitor)
    store.append(True)
    visitor.http.raise_request_exception = False
    assert type_code(visitor).status_code == 503
    store.clear()
    assert visitor.signed_in is None
    assert is_complete(type_code(visitor)) or gets_in(visitor)


def test_without_a_session_the_answer_is_signed_out(store):
    answer = at().get("me")
    assert (answer.status_code, errors(answer)) == (401, ["signed_out"])


def test_session_that_was_ended_is_signed_out(store):
    holder(OWNER)
    visitor = at()
    assert gets_in(visitor)
    visitor.post("client/sessions?_method=DELETE")
    assert visitor.get("me").status_code == 401
