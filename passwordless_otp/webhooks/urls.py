"""URLs that providers call."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.transaction import non_atomic_requests
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from passwordless_otp.webhooks import twilio


def webhook(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Return the view without login, CSRF token and request transaction: it authenticates the caller itself."""
    function = login_not_required(csrf_exempt(require_POST(view)))
    for alias in settings.DATABASES:
        function = non_atomic_requests(using=alias)(function)
    return function


urlpatterns = [path("webhooks/twilio/<uuid:message_id>", webhook(twilio.report), name="twilio")]
