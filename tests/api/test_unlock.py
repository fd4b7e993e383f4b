"""An unlock link's token as a parameter of the API."""

import hashlib

import pytest
from django.conf import settings as site

from passwordless_otp import keys
from passwordless_otp.models import UnlockGrant
from tests.api.test_native import App
from tests.unlocking import email, token
from tests.visitor import EMAIL, ApiVisitor, errors, operate, param

pytestmark = pytest.mark.django_db


def cookie(visitor):
    return visitor.http.cookies["otp_client"].value


def app_secret(app):
    return keys.unseal("native", app.token)[0]


def holds(secret):
    return UnlockGrant.objects.holds(hashlib.sha256(secret.encode()).hexdigest(), email())


STEPS = {
    "create a sign-in": lambda visitor, **more: visitor.sign_in(EMAIL, **more),
    "create a sign-up": lambda visitor, **more: visitor.sign_up(email_address=EMAIL, **more),
    "prepare a sign-in": lambda visitor, **more: visitor.sign_in(EMAIL) and visitor.prepare(**more),
    "prepare a sign-up": lambda visitor, **more: visitor.sign_up(email_address=EMAIL) and visitor.prepare(**more),
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize(("make", "secret_of"), [(ApiVisitor, cookie), (App, app_secret)], ids=["browser", "app"])
def test_token_is_redeemed_before_the_step(step, make, secret_of):
    visitor = make()
    assert step(visitor, unlock_token=token()).status_code == 200
    assert holds(secret_of(visitor))
    assert visitor.prepare().status_code == 200


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_bad_token_is_refused_by_name_and_the_step_does_not_run(step):
    visitor = ApiVisitor()
    answer = step(visitor, unlock_token="nonsense", strategy="email_code")
    assert (answer.status_code, errors(answer), param(answer)) == (
        422,
        ["form_param_value_invalid"],
        "unlock_token",
    )
    assert not UnlockGrant.objects.exists()


def test_token_of_3_other_clients_is_refused_and_of_an_own_grant_is_not():
    given, first = token(), ApiVisitor()
    for visitor in [first, ApiVisitor(), ApiVisitor()]:
        assert visitor.sign_in(EMAIL, unlock_token=given).status_code == 200
    assert errors(ApiVisitor().sign_in(EMAIL, unlock_token=given)) == ["form_param_value_invalid"]
    assert first.sign_in(EMAIL, "email_code", unlock_token=given).status_code == 200
    assert UnlockGrant.objects.count() == 3


def test_client_keeps_its_grant_if_the_step_is_refused():
    visitor = ApiVisitor()
    answer = visitor.sign_in("no address", unlock_token=token())
    assert answer.status_code == 422
    assert holds(cookie(visitor))
    assert site.SESSION_COOKIE_NAME not in visitor.http.cookies


def test_redeeming_bad_links_is_limited_by_ip_address():
    operate(limits={"ip_steps": 5})
    for _ in range(5):
        ApiVisitor().sign_in(EMAIL, unlock_token="nonsense")
    answer = ApiVisitor().sign_in(EMAIL, unlock_token="nonsense")
    assert (answer.status_code, errors(answer)) == (429, ["too_many_requests"])
    assert not UnlockGrant.objects.exists()


def test_link_that_is_used_up_counts_as_a_step():
    operate(limits={"ip_steps": 60})
    link = token()
    for _ in range(3):
        assert ApiVisitor().post("client/sign_ins", unlock_token=link).status_code == 200
    statuses = [ApiVisitor().post("client/sign_ins", unlock_token=link).status_code for _ in range(61)]
    assert statuses[:50] == [422] * 50
    assert statuses[-1] == 429
