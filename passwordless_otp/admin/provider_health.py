"""Providers that have failed recently, and until when they are not used."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from passwordless_otp.admin.base import never
from passwordless_otp.admin.health import provider_name
from passwordless_otp.models import ProviderHealth


@admin.register(ProviderHealth)
class ProviderHealthAdmin(admin.ModelAdmin):
    """Deleting a row makes the next message try the provider at once."""

    list_display = ["provider", "failures", "open_until"]
    list_display_links = None
    has_add_permission = has_change_permission = never

    @admin.display(description=_("provider"))
    def provider(self, health: ProviderHealth) -> str:
        return provider_name(health.name)
