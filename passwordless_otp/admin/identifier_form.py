"""The form for an identifier that is added by hand, and what it refuses."""

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from passwordless_otp import conf, identifiers, outbox, users
from passwordless_otp.errors import FormatInvalid
from passwordless_otp.models import Identifier


class IdentifierForm(forms.ModelForm):
    """Adds an identifier, or changes which one is primary."""

    operator: Any = None  # whoever fills the form in; the class is made for each request

    def __init__(self, *args: Any, holder: Any = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.holder = holder  # on a user's page: that user, who may not be saved yet
        if self.instance.pk and "value" in self.fields:
            self.fields["value"].disabled = True

    def clean_value(self) -> str:
        """Put the value into canonical form, before rows of one page are compared. Raises `ValidationError`."""
        value: str = self.cleaned_data["value"]
        if self.instance.pk:
            return value
        try:
            self.instance.kind, canonical = identifiers.parse(value, conf.default_region(), "value")
        except FormatInvalid as error:
            raise ValidationError(error.long_message) from error
        return canonical

    def clean(self) -> dict[str, Any]:
        """Refuse identifiers of staff, duplicates and a second primary one. Raises `ValidationError`."""
        user = self.holder or self.cleaned_data.get("user") or (self.instance.pk and self.instance.user)
        if user and is_protected(user) and not is_superuser(self.operator):
            raise ValidationError(_("Only superusers decide with what staff can sign in."))
        others = Identifier.objects.exclude(pk=self.instance.pk)
        value, kind = self.cleaned_data.get("value"), self.instance.kind
        if value and others.filter(kind=kind, value=value).exists():
            self.add_error("value", _("Somebody has this already."))
        rivals = others.filter(user_id=user.pk, kind=kind, primary=True) if user and user.pk else others.none()
        if self.cleaned_data.get("primary") and rivals.exists():
            self.add_error("primary", _("The user has another primary one of this kind."))
        return self.cleaned_data


class IdentifierFormSet(forms.BaseInlineFormSet):
    """The identifiers of one user, compared with each other before any is saved."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        """Tell each form whose page it is on."""
        return {**super().get_form_kwargs(index), "holder": self.instance}

    def save_new_objects(self, commit: bool = True) -> Any:
        """Tell those that the user had before, also the ones that go now."""
        saved = super().save_new_objects(commit)
        if saved and commit:
            outbox.announce_identifier(self.instance, [form.instance.address for form in self.initial_forms])
        return saved

    def clean(self) -> None:
        """Refuse two alike, and two primary ones of a kind. Raises `ValidationError`."""
        super().clean()
        kept = [form for form in self.forms if form.is_valid() and not form.cleaned_data.get("DELETE")]
        rows = [form.instance for form in kept if form.instance.pk or form.has_changed()]
        values = [row.address for row in rows]
        primary = [row.kind for row in rows if row.primary]
        if len(set(values)) < len(values):
            raise ValidationError(_("The same identifier stands here twice."))
        if len(set(primary)) < len(primary):
            raise ValidationError(_("Only one identifier of a kind can be the primary one."))


def is_superuser(operator: Any) -> bool:
    """Tell whether this operator may do everything."""
    return bool(operator and operator.is_active and getattr(operator, "is_superuser", False))


def is_protected(user: Any) -> bool:
    """Tell whether this user is staff: saved as such, or about to be by the very form that is handed in."""
    saved = get_user_model()._base_manager.filter(pk=user.pk).first() if user.pk else None
    return users.is_staff(user) or (saved is not None and users.is_staff(saved))
