"""Requests made up from docs/openapi.yaml: whatever comes, the answer is one that stands there."""

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.response import Response

from passwordless_otp.api import resources
from passwordless_otp.api.session_views import ReadEnvironment
from tests import needs
from tests.visitor import EMAIL, PHONE, ApiVisitor, both_kinds, joined

FailureGroup = needs.package("schemathesis.core.failures").FailureGroup
made_up = needs.package("tests.attacks.made_up")
pytestmark = [pytest.mark.django_db, pytest.mark.slow]
STEPS = 7
described = made_up.api()
calls = {each.ok().label: each.ok() for each in described.get_all_operations()}
ways = {
    purpose: [label for label in calls if f"/client/{purpose}s" in label] + ["GET /v1/me"]
    for purpose in ["sign_in", "sign_up"]
}


@pytest.fixture(autouse=True)
def people():
    """Somebody has signed up, and every field is read."""
    both_kinds(first_name="optional", last_name="optional", username="optional")
    return joined()


def stranger(people):
    return ApiVisitor()


def half_way_in(people):
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code")
    return visitor


def half_way_up(people):
    visitor = ApiVisitor()
    visitor.sign_up(email_address="new@example.com", phone_number=PHONE, strategy="email_code")
    return visitor


def signed_in(people):
    return people


@pytest.fixture(params=[stranger, half_way_in, half_way_up, signed_in])
def visitor(request, people):
    return request.param(people)


@described.parametrize()
@made_up.bounded(12)
def test_any_call_of_any_browser(case, visitor):
    browser = made_up.PageVisitor(visitor)
    with made_up.undone():
        made_up.send(case, browser)


def test_any_calls_that_follow_one_another():
    """Each goes on with the flow and the session that the ones before have made, if it likes.

    What Hypothesis makes up depends on the modules that are loaded by then, so each way is also gone as meant.
    """
    seen = Counter()

    def step(data, browser, label, person, meant):
        case = data.draw(calls[label].as_strategy())
        if meant:
            made_up.as_meant(case, person)
        seen[label, made_up.send(case, browser).status_code] += 1

    @made_up.bounded(60)
    @given(data=st.data(), way=st.sampled_from(list(ways.values())), person=st.sampled_from(made_up.FITTING[:3]))
    def walk(data, way, person):
        browser = made_up.PageVisitor()
        with made_up.undone():
            for own in way[:STEPS]:
                other = data.draw(st.integers(0, 5)) == 5
                label = data.draw(st.sampled_from(list(calls))) if other else own
                step(data, browser, label, person, meant=data.draw(st.booleans()))

    @made_up.bounded(1)
    @given(data=st.data())
    def straight(data):
        for way, person in itertools.product(ways.values(), made_up.FITTING[:3]):
            browser = made_up.PageVisitor()
            with made_up.undone():
                for label in way[:STEPS]:
                    step(data, browser, label, person, meant=True)

    walk()
    straight()
    assert sum(seen[label, 200] for label in calls if "/attempt_" in label), seen


def answers_another_status(view, request):
    return Response({}, status=418)


def answers_another_member(view, request):
    return Response({"object": "environment"})


def answers_another_code(view, request):
    entry = {"code": "made_up", "message": "", "long_message": "", "meta": {}}
    return Response({"errors": [entry], "trace_id": "0"}, status=413)


@pytest.mark.parametrize("wrong", [answers_another_status, answers_another_member, answers_another_code])
def test_an_answer_that_does_not_stand_there_is_found(wrong, monkeypatch):
    monkeypatch.setattr(ReadEnvironment, "get", wrong)
    with made_up.undone(), pytest.raises(FailureGroup):
        made_up.send(calls["GET /v1/environment"].Case(), made_up.PageVisitor())


def test_a_member_that_does_not_stand_there_is_found(people, monkeypatch):
    honest = resources.user_of
    monkeypatch.setattr(resources, "user_of", lambda request: {**honest(request), "is_staff": False})
    browser = made_up.PageVisitor(people)
    with made_up.undone(), pytest.raises(FailureGroup, match="is_staff"):
        made_up.send(calls["GET /v1/me"].Case(), browser)


def test_an_answer_that_may_be_kept_is_found(monkeypatch):
    honest = ReadEnvironment.dispatch

    def kept(view, *args, **options):
        response = honest(view, *args, **options)
        response["Cache-Control"] = "private"
        return response

    monkeypatch.setattr(ReadEnvironment, "dispatch", kept)
    with made_up.undone(), pytest.raises(FailureGroup):
        made_up.send(calls["GET /v1/environment"].Case(), made_up.PageVisitor())
