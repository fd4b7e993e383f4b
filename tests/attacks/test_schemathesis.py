"""Requests made up from docs/openapi.yaml: whatever comes, the answer is one that stands there."""

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.response import Response
from schemathesis.core.failures import FailureGroup

from passwordless_otp.api import resources
from passwordless_otp.api.session_views import ReadEnvironment
from tests.attacks.made_up import FITTING, PageVisitor, api, as_meant, bounded, send, undone
from tests.visitor import EMAIL, PHONE, ApiVisitor, both_kinds, joined

pytestmark = pytest.mark.django_db
STEPS = 7
described = api()
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
@bounded(12)
def test_any_call_of_any_browser(case, visitor):
    browser = PageVisitor(visitor)
    with undone():
        send(case, browser)


def test_any_calls_that_follow_one_another():
    """Each goes on with the flow and the session that the ones before have made, if it likes.

    What Hypothesis makes up depends on the modules that are loaded by then, so each way is also gone as meant.
    """
    seen = Counter()

    def step(data, browser, label, person, meant):
        case = data.draw(calls[label].as_strategy())
        if meant:
            as_meant(case, person)
        seen[label, send(case, browser).status_code] += 1

    @bounded(60)
    @given(data=st.data(), way=st.sampled_from(list(ways.values())), person=st.sampled_from(FITTING[:3]))
    def walk(data, way, person):
        browser = PageVisitor()
        with undone():
            for own in way[:STEPS]:
                other = data.draw(st.integers(0, 5)) == 5
                label = data.draw(st.sampled_from(list(calls))) if other else own
                step(data, browser, label, person, meant=data.draw(st.booleans()))

    @bounded(1)
    @given(data=st.data())
    def straight(data):
        for way, person in itertools.product(ways.values(), FITTING[:3]):
            browser = PageVisitor()
            with undone():
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
    with undone(), pytest.raises(FailureGroup):
        send(calls["GET /v1/environment"].Case(), PageVisitor())


def test_a_member_that_does_not_stand_there_is_found(people, monkeypatch):
    honest = resources.user_of
    monkeypatch.setattr(resources, "user_of", lambda request: {**honest(request), "is_staff": False})
    browser = PageVisitor(people)
    with undone(), pytest.raises(FailureGroup, match="is_staff"):
        send(calls["GET /v1/me"].Case(), browser)


def test_an_answer_that_may_be_kept_is_found(monkeypatch):
    honest = ReadEnvironment.finalize_response

    def kept(view, *args, **options):
        response = honest(view, *args, **options)
        response["Cache-Control"] = "private"
        return response

    monkeypatch.setattr(ReadEnvironment, "finalize_response", kept)
    with undone(), pytest.raises(FailureGroup):
        send(calls["GET /v1/environment"].Case(), PageVisitor())
