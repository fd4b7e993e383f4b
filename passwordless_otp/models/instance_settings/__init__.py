"""The instance settings: what an operator may change while the site runs."""

import time
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, router, transaction
from django.utils.translation import gettext_lazy as _

from passwordless_otp.models import settings_cache
from passwordless_otp.models.base import PrimaryManager
from passwordless_otp.models.instance_settings import contact, limits, messages, networks, restrictions, sms
from passwordless_otp.models.instance_settings.contact import ContactSettings
from passwordless_otp.models.instance_settings.frozen import derived
from passwordless_otp.models.instance_settings.limits import LimitSettings
from passwordless_otp.models.instance_settings.messages import MessageSettings
from passwordless_otp.models.instance_settings.networks import NetworkSettings
from passwordless_otp.models.instance_settings.restrictions import RestrictionSettings, SignUpMode
from passwordless_otp.models.instance_settings.sms import SmsSettings
from passwordless_otp.models.restrictions import Restriction


class Presence(models.TextChoices):
    """Whether a sign-up asks for a name."""

    OFF = "off", _("Off")
    OPTIONAL = "optional", _("Optional")
    REQUIRED = "required", _("Required")


def _presence(label: Any, help_text: Any) -> "models.CharField[str, str]":
    return models.CharField(label, max_length=8, choices=Presence, default=Presence.OFF, help_text=help_text)


def _number(label: Any, low: int, high: int, help_text: Any, **options: Any) -> Any:
    between = [MinValueValidator(low), MaxValueValidator(high)]
    return models.PositiveSmallIntegerField(label, validators=between, help_text=help_text, **options)


class InstanceSettings(
    ContactSettings, LimitSettings, MessageSettings, NetworkSettings, RestrictionSettings, SmsSettings
):
    """One row. What a developer decides at deploy time is in `settings.PASSWORDLESS_OTP` instead."""

    first_name = _presence(_("first name"), _("Visitors enter it at sign-up."))
    last_name = _presence(_("last name"), _("Visitors enter it at sign-up."))
    username = _presence(
        _("username"), _("Visitors enter it at sign-up and are told if it is taken. It can't be used to sign in.")
    )
    # fmt: off
    max_tries: int = _number(_("tries"), 1, 10, default=5,
        help_text=_("Wrong codes, 1 to 10, before a visitor has to start again."))
    code_life: int = _number(_("code life"), 60, 600, default=600,
        help_text=_("Seconds, 60 to 600, until a code expires. Each message says how many minutes are left."))
    resend_interval: int = _number(_("resend interval"), 15, 300, default=30,
        help_text=_("Seconds, 15 to 300, before a visitor can get another message. "
                    "Asking earlier sends nothing."))
    messages_per_flow: int = _number(_("messages"), 1, 10, default=5,
        help_text=_("Messages, 1 to 10, that a visitor can get in one sign-in or sign-up."))
    # fmt: on
    enumeration_protection = models.BooleanField(
        _("enumeration protection"),
        default=True,
        help_text=_(
            "Visitors can't find out whether an email address or phone number has an account. Off: they are told."
        ),
    )
    staff_sign_in = models.BooleanField(
        _("staff may sign in by code"),
        default=False,
        help_text=_(
            "Off: staff and superusers who ask for a code get an email that says they can't use one. "
            "Only superusers can change this."
        ),
    )
    session_lifetime_days: int | None = _number(_("session lifetime"), 1, 400, null=True, blank=True,
        help_text=_("Days, 1 to 400, until a visitor has to sign in again. "
                    "Empty: the lifetime of the site's other sessions."))  # fmt: skip
    test_mode = models.BooleanField(
        _("test mode"),
        default=False,
        help_text=_(
            "Test addresses work with their fixed codes and get no messages. "
            "Anybody who knows a test address and its code can sign in: turn this off on a live site."
        ),
    )

    objects = PrimaryManager()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("instance settings")
        verbose_name_plural = _("instance settings")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="passwordless_otp_one_instance")]

    def __str__(self) -> str:
        return str(_("Instance settings"))

    def save(self, **options: Any) -> None:
        """Save the row. This process reads the new settings as soon as the transaction is committed."""
        self.pk = 1
        super().save(**options)
        transaction.on_commit(settings_cache.clear, using=router.db_for_write(InstanceSettings))

    def clean(self) -> None:
        """Raise `ValidationError` for settings that would lock everybody out or could not work."""
        problems: dict[str, Any] = {}
        for part in [contact, messages, limits, networks, restrictions, sms]:
            try:
                part.validate(self)
            except ValidationError as error:
                problems = error.update_error_dict(problems)
        if problems:
            raise ValidationError(problems)

    @classmethod
    def current(cls) -> "InstanceSettings":
        """Return the settings and restrictions, read-only and at most a second old.

        All requests of a process share the object. Inside a transaction it is read each time, so that the
        transaction sees its own changes and no other request does.
        """
        connection = transaction.get_connection(router.db_for_write(cls))
        schema = getattr(connection, "schema_name", "")  # of a tenant, as django-tenants sets it
        key = None if connection.in_atomic_block else (connection.alias, schema)
        entries, now = settings_cache.entries, time.monotonic()
        kept: tuple[InstanceSettings, float] | None = entries.get(key)
        if kept is not None and now < kept[1]:
            return kept[0]
        settings = cls.editable()
        settings.restrictions = Restriction.objects.entries()
        settings.freeze()
        if key is not None:  # lost with `entries` if a save has cleared the cache meanwhile
            entries[key] = settings, now + settings_cache.SECONDS
        return settings

    @classmethod
    def editable(cls) -> "InstanceSettings":
        """Return the settings as they are saved, or the defaults, to be changed and saved."""
        settings: InstanceSettings = cls.objects.filter(pk=1).first() or cls(pk=1)
        return settings

    @derived
    def sign_up_open(self) -> bool:
        """Whether anybody at all may sign up."""
        return self.sign_up_mode != SignUpMode.CLOSED and bool(self.kinds)
