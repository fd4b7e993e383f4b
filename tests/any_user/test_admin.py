"""The admin with any user model."""

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

from passwordless_otp.models import Identifier
from tests.visitor import joined

pytestmark = pytest.mark.django_db
MODELS = ["identifier", "signin", "signup", "verification", "message"]


@pytest.fixture
def operator(client):
    model = get_user_model()
    name = "operator@example.com"
    required = dict.fromkeys(model.REQUIRED_FIELDS, name)
    user = model.objects.create_superuser(**{model.USERNAME_FIELD: name}, **required, password="x")
    client.force_login(user)
    return client


@pytest.mark.parametrize("model", MODELS)
def test_lists_show_records_of_a_sign_up(operator, model):
    joined()
    assert operator.get(reverse(f"admin:passwordless_otp_{model}_changelist")).status_code == 200


def test_operator_adds_an_identifier(operator):
    path = reverse("admin:passwordless_otp_identifier_add")
    assert operator.get(path).status_code == 200
    user = get_user_model()(**{get_user_model().USERNAME_FIELD: "jane"})
    user.save()
    answer = operator.post(path, {"value": "Jane@Example.com", "user": str(user.pk), "primary": "on"})
    assert answer.status_code == 302, answer.context["errors"]
    assert Identifier.objects.get().value == "jane@example.com"


def test_operator_deletes_identifiers_of_several_users_at_once(operator):
    for email in ["jane@example.com", "joan@example.com"]:
        joined(email)
    chosen = [str(pk) for pk in Identifier.objects.values_list("pk", flat=True)]
    action = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    assert operator.post(reverse("admin:passwordless_otp_identifier_changelist"), action).status_code == 302
    assert not Identifier.objects.exists()
