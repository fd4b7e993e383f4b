"""Providers that have failed recently, and until when they are not used."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from passwordless_otp.admin.health import provider_name
from passwordless_otp.models import ProviderHealth


@admin.register(ProviderHealth)
class ProviderHealthAdmin(admin.ModelAdmin):
    """Deleting a row makes the next message try the provider at once."""

    list_display = ["provider", "failures", "open_until"]
    list_display_links = None

    @admin.display(description=_("provider"))
    def provider(self, health: ProviderHealth) -> str:
        """Return the short name of the provider."""
        return provider_name(health.name)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return `False`: only delivery writes these rows."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return `False`: only delivery writes these rows."""
        return False
