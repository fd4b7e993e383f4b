"""Links between the pages of an admin site."""

from django.contrib.admin import AdminSite
from django.db.models import Model
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html

from passwordless_otp.models import Flow, SignIn, SignUp
from passwordless_otp.models.flows import Purpose


def link(site: AdminSite, row: Model, text: object) -> str:
    """Return `text` as a link to the page of `row` on this site; the bare text where it has none."""
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    try:
        url = reverse(name, args=[row.pk], current_app=site.name)
    except NoReverseMatch:
        return format_html("{}", text)
    return format_html('<a href="{}">{}</a>', url, text)


def link_to_flow(site: AdminSite, flow: Flow) -> str:
    """Return a link to the sign-in or sign-up that this flow is."""
    proxy = SignIn if flow.purpose == Purpose.SIGN_IN else SignUp
    return link(site, proxy(pk=flow.pk), flow.get_purpose_display())
