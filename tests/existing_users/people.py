"""Users whom a site had before, and visitors who prove their addresses."""

from django.contrib.auth import get_user_model

from passwordless_otp.models import Identifier, Refusal
from passwordless_otp.testing.journeys import PageJourney
from tests.visitor import EMAIL, ApiVisitor, newest_code


def existing(username="old", email=EMAIL, password="theirs", **more):
    return get_user_model().objects.create_user(username, email=email, password=password, **more)


def prove(email=EMAIL, **fields):
    """Sign up by the API; return the visitor and the answer to the right code."""
    visitor = ApiVisitor()
    visitor.sign_up(email_address=email, strategy="email_code", **fields)
    return visitor, visitor.attempt(newest_code(email))


def prove_on_page(email=EMAIL):
    """Sign in by the page, which goes on as a sign-up; return the visitor and the answer."""
    visitor = PageJourney()
    visitor.sign_in(email)
    return visitor, visitor.attempt(newest_code(email))


def session_of(user):
    """A browser in which this user is signed in by the site's own login."""
    visitor = ApiVisitor()
    visitor.http.force_login(user)
    assert visitor.signed_in == f"user_{user.pk}"
    return visitor


def reasons():
    return list(Refusal.objects.order_by("pk").values_list("reason", flat=True))


def expect_refused(answer, reason, users=1):
    """Nobody is linked, made or signed in, and the operator's list says why."""
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "identification_claimed")
    assert get_user_model().objects.count() == users
    assert not Identifier.objects.filter(value=EMAIL).exists()
    assert reason in reasons()
