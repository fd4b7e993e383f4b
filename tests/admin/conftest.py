"""Operators, and the forms they send."""

import datetime
from unittest.mock import patch

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Permission, User
from django.template import engines
from django.test import Client

from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import InstanceSettings

SETTINGS = "/admin/passwordless_otp/instancesettings/1/change/"


@pytest.fixture
def root(db):
    User.objects.create_superuser("root", password="x")
    return signed_in("root")


@pytest.fixture
def operator(db):
    """Staff with every permission there is, but no superuser."""
    user = User.objects.create_user("operator", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    return signed_in("operator")


@pytest.fixture
def viewer(db):
    """Staff who may only look."""
    user = User.objects.create_user("viewer", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    return signed_in("viewer")


def signed_in(name):
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def form_of(response):
    """What a browser would send back of the page's form."""
    context = response.context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    data = {}
    for form in forms:
        data |= {bound.html_name: _sent(bound) for bound in form if not _left_out(bound)}
    return data


def _left_out(bound):
    return bound.field.disabled or bound.value() in [None, False, []]


def _sent(bound):
    value = bound.value()
    if value is True:
        return "on"
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    return value


def apply(client, **changes):
    """Send the settings form with these changes; False unchecks a box."""
    undrawn = engines["django"].from_string("")
    with patch.object(site.get_model_admin(InstanceSettings), "change_form_template", undrawn):
        data = form_of(client.get(SETTINGS))
    data.setdefault("test_addresses-TOTAL_FORMS", "0")
    data.setdefault("test_addresses-INITIAL_FORMS", "0")
    for name, value in changes.items():
        data.pop(name, None)
        if value is not False:
            data[name] = "on" if value is True else value
    return client.post(SETTINGS, data)


def row(prefix, number, **fields):
    return {f"{prefix}-{number}-{name}": value for name, value in fields.items()}


def live_codes():
    return {message.code for message in memory.sent if message.code}


def text(response):
    return response.content.decode()
