"""Links between the pages of the admin."""

from django.db.models import Model
from django.urls import reverse
from django.utils.html import format_html

from passwordless_otp.models import Flow, SignIn, SignUp
from passwordless_otp.models.flows import Purpose


def link(row: Model, text: object) -> str:
    """Return `text` as a link to the page of `row`."""
    url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', url, text)


def link_to_flow(flow: Flow) -> str:
    """Return a link to the sign-in or sign-up that this flow is."""
    proxy = SignIn if flow.purpose == Purpose.SIGN_IN else SignUp
    return link(proxy(pk=flow.pk), flow.get_purpose_display())
