"""Restrictions: who may sign up and sign in."""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from passwordless_otp.admin.base import LongListAdmin
from passwordless_otp.models import Restriction, settings_cache


@admin.register(Restriction)
class RestrictionAdmin(LongListAdmin):
    """A part of a pattern or note is enough to find a restriction."""

    list_display = ["pattern", "effect", "note"]
    list_filter = ["effect"]
    ordering = sortable_by = ["pattern"]
    search_fields = ["pattern", "note"]

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete the selected restrictions. This process stops applying them after the commit."""
        super().delete_queryset(request, queryset)
        transaction.on_commit(settings_cache.clear, using=queryset.db)
