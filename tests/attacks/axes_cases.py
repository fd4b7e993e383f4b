"""What django-axes makes of wrong codes. Run by test_axes.py in a site that has it."""

import pytest
from axes.models import AccessAttempt
from axes.signals import user_locked_out
from django.contrib.auth import get_user_model
from django.test import Client

from tests.pages.conftest import SIGN_IN, SIGN_IN_VERIFY, PageVisitor
from tests.visitor import EMAIL, ApiVisitor, errors, joined, newest_code, started, wrong

GUESS = "314159"
pytestmark = pytest.mark.django_db


@pytest.fixture
def locked():
    told = []

    def receive(username, **_):
        told.append(username)

    user_locked_out.connect(receive)
    yield told
    user_locked_out.disconnect(receive)


@pytest.mark.parametrize("identifier", [EMAIL, "nobody@example.com"])
def test_each_wrong_code_is_counted_for_whom_it_was_tried(identifier):
    joined(EMAIL)
    visitor = started(identifier)
    for number in [1, 2, 3]:
        visitor.attempt(GUESS)
        assert AccessAttempt.objects.get().failures_since_start == number
    assert AccessAttempt.objects.get().username == identifier
    assert AccessAttempt.objects.get().path_info.endswith("/attempt_first_factor")


def test_what_could_be_no_code_is_not_counted():
    visitor = started()
    assert errors(visitor.attempt("1")) == ["form_code_incorrect"]
    assert not AccessAttempt.objects.exists()


def test_a_lock_out_changes_no_answer_of_ours_and_refuses_no_right_code(locked):
    joined()
    visitor = started()
    answers = [errors(visitor.attempt(wrong(newest_code()))) for _ in range(4)]
    assert answers == [["form_code_incorrect"]] * 4
    assert locked == [EMAIL] * 3
    assert visitor.attempt(newest_code()).json()["response"]["status"] == "complete"
    assert visitor.signed_in


def test_a_lock_out_changes_no_page_of_ours(locked):
    visitor = PageVisitor()
    visitor.submit(SIGN_IN, {"identifier": EMAIL})
    for _ in range(3):
        answer = visitor.submit(SIGN_IN_VERIFY, {"code": wrong(newest_code())})
        assert answer.status_code == 422
        assert "passwordless_otp/verify.html" in [template.name for template in answer.templates]
    assert locked == [EMAIL] * 2


@pytest.mark.parametrize("form", [True, False])
def test_no_code_is_written_down(form):
    visitor = started()
    path = f"client/sign_ins/{visitor.flow}/attempt_first_factor"
    visitor.post(path, form=form, strategy="email_code", code=GUESS)
    assert GUESS not in str(AccessAttempt.objects.values())
    assert ("strategy" in AccessAttempt.objects.get().post_data) is form


def test_passwords_are_locked_for_who_tried_codes_from_the_same_place():
    user = get_user_model().objects.create_user(EMAIL, password="correct horse")
    visitor = started()
    for _ in range(2):
        visitor.attempt(GUESS)
    here, elsewhere = Client(), Client(REMOTE_ADDR="192.0.2.7")
    form = {"username": user.username, "password": "correct horse"}
    assert here.post("/admin/login/", form).status_code == 429
    assert elsewhere.post("/admin/login/", form).status_code in {200, 302}
    assert ApiVisitor().sign_in(EMAIL).status_code == 200
