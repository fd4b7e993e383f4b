"""Test addresses, listed at the end of the instance settings."""

from functools import partial
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.checks import InlineModelAdminChecks
from django.http import HttpRequest

from passwordless_otp.admin.base import is_superuser
from passwordless_otp.models import TestAddress

COLUMNS = ["identifier", "code", "until"]


class TestAddressForm(forms.ModelForm):
    """A row of the form set."""

    __test__ = False  # not a test case

    def clean(self) -> dict[str, Any]:
        """Bring the identifier into canonical form, so that Django finds duplicates in other spellings."""
        self.instance.identifier = self.cleaned_data.get("identifier", "")
        if self.instance.identifier:
            self.instance.clean()
            self.cleaned_data["identifier"] = self.instance.identifier
        return self.cleaned_data


class TestAddressFormSet(forms.BaseModelFormSet):
    """A form set on the page of an object that test addresses have no foreign key to."""

    __test__ = False

    def __init__(self, *args: Any, instance: Any = None, save_as_new: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)

    @classmethod
    def get_default_prefix(cls) -> str:
        return "test_addresses"


class TestAddressChecks(InlineModelAdminChecks):
    """Django's checks of an inline without those of its foreign key."""

    __test__ = False

    def _check_relation(self, obj: Any, parent_model: Any) -> list[Any]:
        return []

    _check_exclude_of_parent_model = _check_relation


class TestAddressInline(admin.TabularInline):
    """Visible to superusers only, because it shows the fixed codes."""

    __test__ = False
    model = TestAddress
    checks_class = TestAddressChecks
    fields: ClassVar[Any] = COLUMNS
    ordering = ["identifier"]

    def get_formset(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        """Return a plain model form set: there is no foreign key for an inline form set."""
        callback = partial(self.formfield_for_dbfield, request=request)
        return forms.modelformset_factory(
            TestAddress, TestAddressForm, callback, TestAddressFormSet, extra=0, can_delete=True, fields=COLUMNS
        )

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request.user)

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission
