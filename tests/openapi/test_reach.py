"""What a call may refuse is read off its source: what counts, and what does not."""

from passwordless_otp import errors
from passwordless_otp.api import flow_views, session_views
from passwordless_otp.errors import CodeIncorrect, OTPError, ResourceNotFound, SignedOut
from passwordless_otp.flows import sign_in
from tools.openapi import reach, refusals


def raises():
    raise CodeIncorrect


def by_a_function_of_ours(flow):
    return sign_in.prepare(flow, "email_code")


def by_a_method_of_an_unknown_object(flow):
    return flow.touch()


def by_a_function_inside(run):
    def step():
        raise CodeIncorrect

    return run(step)


def never_runs_what_is_inside():
    def step():
        raise CodeIncorrect


def caught():
    try:
        raise CodeIncorrect
    except OTPError:
        pass


def caught_too_late(run):
    try:
        run()
    except CodeIncorrect:
        raise SignedOut from None


def raised_again():
    try:
        raise CodeIncorrect
    except CodeIncorrect:
        raise


def returned_for_the_caller_to_raise():
    try:
        raise CodeIncorrect
    except CodeIncorrect as refusal:
        return refusal


def test_what_is_raised_counts_however_it_is_reached():
    for function in [raises, by_a_function_inside, raised_again, returned_for_the_caller_to_raise]:
        assert reach.exceptions(function) == {CodeIncorrect}, function
    assert errors.TooManyCodes in reach.exceptions(by_a_function_of_ours)
    assert ResourceNotFound in reach.exceptions(by_a_method_of_an_unknown_object)


def test_what_is_caught_or_never_runs_does_not_count():
    for function in [caught, never_runs_what_is_inside]:
        assert reach.exceptions(function) == set(), function
    assert reach.exceptions(caught_too_late) == {SignedOut}


def test_a_refusal_that_a_call_begins_to_make_is_documented(monkeypatch):
    before = refusals.of_call(session_views.ReadMe, "get")
    monkeypatch.setattr(session_views.ReadMe, "get", returned_for_the_caller_to_raise)
    assert refusals.of_call(session_views.ReadMe, "get") - before == {CodeIncorrect}


def test_each_call_has_its_own_refusals():
    assert SignedOut in refusals.of_call(session_views.TouchSession, "post")
    assert SignedOut not in refusals.of_call(flow_views.AttemptSignIn, "post")
    assert CodeIncorrect in refusals.of_call(flow_views.AttemptSignIn, "post")
    assert CodeIncorrect not in refusals.of_call(flow_views.PrepareSignIn, "post")
    assert errors.OriginRefused not in refusals.of_call(flow_views.ReadSignIn, "get")
