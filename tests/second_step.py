"""A site with a step of its own between the code and the login, and the backends and rules of such sites."""

from django.contrib.auth import login
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import UserManager
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from passwordless_otp import proofs
from passwordless_otp.errors import OTPError
from passwordless_otp.users import create_user
from tests.urls import urlpatterns as usual

STEP = "/second-step/"
asked = []


def step(request, user, flow):
    """A BEFORE_LOGIN that sends everybody to a page of the site."""
    asked.append((user.pk, flow.status))
    return STEP


def no_step(request, user, flow):
    """A BEFORE_LOGIN that lets everybody in."""


def broken_step(request, user, flow):
    """A BEFORE_LOGIN whose service is down."""
    raise ConnectionError("no second factor today")


def foreign_step(request, user, flow):
    """A BEFORE_LOGIN that sends people to another site."""
    return "https://evil.example/"


def protocol_relative_step(request, user, flow):
    """The same, as a browser reads it."""
    return "//evil.example/"


def confused_step(request, user, flow):
    """A BEFORE_LOGIN that answers another question."""
    return False


def allows(user):
    """A MAY_SIGN_IN of a back office whose people need more than a code."""
    return not user.username.startswith("editor")


def fails(user):
    """A MAY_SIGN_IN with a bug."""
    return user.no_such_field


def create_inactive(**given):
    """A CREATE_USER of a site that lets newcomers in by hand."""
    user = create_user(**given)
    user.is_active = False
    user.save()
    return user


class Suspicious(ModelBackend):
    """A backend that locks people out by a field of its own."""

    def user_can_authenticate(self, user):
        return super().user_can_authenticate(user) and user.last_name != "locked"


class LooksUp(ModelBackend):
    """A backend with users of its own."""

    def get_user(self, user_id):
        user = super().get_user(user_id)
        return user if user is not None and user.last_name != "locked" else None


class Visible(UserManager):
    """A default manager that hides what was deleted softly."""

    def get_queryset(self):
        return super().get_queryset().exclude(last_name="deleted")


@csrf_exempt
def view(request):
    """Say who waits; log them in after a POST."""
    if request.method == "GET":
        user = proofs.waiting(request)
        return HttpResponse(str(user.pk) if user else "nobody")
    try:
        return HttpResponseRedirect(proofs.complete(request))
    except OTPError as error:
        return HttpResponse(error.code, status=error.status)


def log_in(request):
    """A login of the site's own."""
    from django.contrib.auth import get_user_model

    user = get_user_model().objects.get(username=request.GET["name"])
    login(request, user, "django.contrib.auth.backends.ModelBackend")
    return HttpResponse()


urlpatterns = [*usual, path("second-step/", view), path("log-in/", log_in)]
