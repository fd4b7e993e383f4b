"""Providers that failed of late: which are passed over, and until when."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from passwordless_otp.admin.troubles import short
from passwordless_otp.models import Circuit


@admin.register(Circuit)
class CircuitAdmin(admin.ModelAdmin):
    """The list. Deleting a row lets the next message try the provider at once."""

    list_display = ["provider", "failures", "open_until"]
    list_display_links = None

    @admin.display(description=_("provider"))
    def provider(self, circuit: Circuit) -> str:
        """Return the provider's class, in short."""
        return short(circuit.name)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False
