"""What a site might do that tells who has an account."""

import json

from django.contrib.auth import get_user_model

from passwordless_otp.models import Identifier


class Header:
    """A middleware that greets whom it knows."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        typed = request.POST.get("identifier") or request.POST.get("email_address") or _of_json(request)
        known = Identifier.objects.filter(value=typed).exists()  # one statement for everybody
        response = self.get_response(request)
        if known:
            response["X-Welcome"] = "back"
        return response


class Cookie(Header):
    """The same with a cookie."""

    def __call__(self, request):
        response = super().__call__(request)
        if response.headers.pop("X-Welcome", ""):
            response.set_cookie("seen", "1")
        return response


def _of_json(request):
    given = json.loads(request.body) if request.content_type == "application/json" and request.body else {}
    return given.get("identifier") or given.get("email_address")


def holder(request):
    """A context processor: whom the open flow of this browser is about."""
    client = getattr(request, "_passwordless_otp_client", None)
    typed = [address.value for flow in client.flows.values() for address in flow.identifiers] if client else []
    return {"holder": get_user_model().objects.filter(otp_identifiers__value__in=typed).first()}


def count_for_users(sender, verification, **_):
    """A receiver that notes a wrong code with the user, where there is one."""
    for user in get_user_model().objects.filter(otp_identifiers__value=verification.value):
        user.save(update_fields=["last_name"])
