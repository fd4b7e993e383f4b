"""A visitor who uses the JSON API, the codes that reach them, and what the operator has set."""

from datetime import timedelta

from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Flow, InstanceSettings, Verification
from passwordless_otp.models.instance_settings.limits import LIMITS
from passwordless_otp.testing.journeys import ApiJourney

EMAIL, PHONE = "jane@example.com", "+14155552671"


class ApiVisitor(ApiJourney):
    """A browser that no test client spares the CSRF check."""

    def __init__(self, **headers):
        super().__init__(enforce_csrf_checks=True, headers=headers or None)


def errors(response):
    assert response.status_code >= 400, response.content
    return [error["code"] for error in response.json()["errors"]]


def param(response):
    return response.json()["errors"][0]["meta"].get("param_name")


def newest_code(to=None):
    return next(m.code for m in reversed(memory.sent) if m.code and to in {None, m.to})


def wrong(code):
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"


def operate(**changes):
    """Change the instance settings, as the admin does."""
    settings = InstanceSettings.editable()
    for name, value in changes.items():
        setattr(settings, name, value)
    settings.save()
    return settings


def unlimited(**more):
    """Limits as wide as they can be: for tests of something else."""
    return operate(limits={name: limit.high for name, limit in LIMITS.items()}, **more)


def both_kinds(**more):
    return operate(phone_number_enabled=True, phone_number_used_for_identification=True, phone_code=True, **more)


def joined(email=EMAIL, **fields):
    """A visitor who has signed up, and is signed in."""
    visitor = ApiVisitor()
    visitor.sign_up(email_address=email, strategy="email_code", **fields)
    assert visitor.attempt(newest_code(email)).json()["response"]["status"] == "complete"
    return visitor


def started(identifier=EMAIL, strategy="email_code", **more):
    visitor = ApiVisitor()
    assert visitor.sign_in(identifier, strategy, **more).status_code == 200
    return visitor


def later(**ago):
    """Let time pass for every verification and flow."""
    for model, fields in [
        (Verification, ["prepared_at", "last_sent_at", "expires_at"]),
        (Flow, ["created_at", "expires_at"]),
    ]:
        for row in model.objects.all():
            changes = {name: getattr(row, name) - timedelta(**ago) for name in fields if getattr(row, name)}
            model.objects.filter(pk=row.pk).update(**changes)
