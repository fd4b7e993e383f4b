"""A person at a browser, for tests: one cookie jar, the calls of the JSON API, and the codes that reach her."""

import json
from datetime import timedelta
from http.cookies import SimpleCookie

from django.test import Client

from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Flow, InstanceSettings, Verification
from passwordless_otp.models.instance_settings.limits import LIMITS

EMAIL, PHONE = "jane@example.com", "+14155552671"


class ApiVisitor:
    """Each method answers the response; `errors(response)` are its codes."""

    def __init__(self, jar=None, **headers):
        self.http = Client(enforce_csrf_checks=True, headers=headers or None)
        if jar is not None:
            self.http.cookies = SimpleCookie(jar.http.cookies.output(header="", sep=";"))

    def twin(self):
        """The same browser in another tab."""
        twin = ApiVisitor(jar=self)
        twin.flow = getattr(self, "flow", None)
        return twin

    def post(self, path, form=False, **parameters):
        if form:
            return self.http.post(f"/auth/v1/{path}", parameters, headers={"Origin": "http://testserver"})
        return self.http.post(f"/auth/v1/{path}", json.dumps(parameters), content_type="application/json")

    def get(self, path):
        return self.http.get(f"/auth/v1/{path}")

    def create(self, purpose, **parameters):
        answer = self.post(f"client/{purpose}s", **parameters)
        if answer.status_code == 200:
            self.flow = answer.json()["response"]["id"]
        return answer

    def sign_in(self, identifier, strategy=None, **more):
        parameters = {"identifier": identifier, **more}
        return self.create("sign_in", **parameters, **({"strategy": strategy} if strategy else {}))

    def sign_up(self, **parameters):
        return self.create("sign_up", **parameters)

    def prepare(self, strategy="email_code", **more):
        step = "first_factor" if self.flow.startswith("sia_") else "verification"
        return self.post(f"client/{self._purpose}/{self.flow}/prepare_{step}", strategy=strategy, **more)

    def attempt(self, code, strategy="email_code"):
        step = "first_factor" if self.flow.startswith("sia_") else "verification"
        path = f"client/{self._purpose}/{self.flow}/attempt_{step}"
        return self.post(path, strategy=strategy, code=code)

    def update(self, **parameters):
        return self.post(f"client/sign_ups/{self.flow}?_method=PATCH", **parameters)

    def read(self):
        return self.get(f"client/{self._purpose}/{self.flow}").json()["response"]

    @property
    def _purpose(self):
        return "sign_ins" if self.flow.startswith("sia_") else "sign_ups"

    @property
    def signed_in(self):
        """The user's id, or None."""
        answer = self.get("me")
        return answer.json()["response"]["id"] if answer.status_code == 200 else None


def errors(response):
    assert response.status_code >= 400, response.content
    return [error["code"] for error in response.json()["errors"]]


def param(response):
    return response.json()["errors"][0]["meta"].get("param_name")


def newest_code(to=None):
    return next(m.code for m in reversed(memory.sent) if to is None or m.to == to)


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
