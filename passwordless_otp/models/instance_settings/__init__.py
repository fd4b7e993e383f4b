"""InstanceSettings: what an operator may change while the site runs. One row."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, router, transaction
from django.utils.translation import gettext_lazy as _

from passwordless_otp.models import settings_cache
from passwordless_otp.models.base import PrimaryManager
from passwordless_otp.models.instance_settings import contact, limits, messages, restrictions, sms
from passwordless_otp.models.instance_settings.contact import ContactSettings
from passwordless_otp.models.instance_settings.frozen import derived
from passwordless_otp.models.instance_settings.limits import LimitSettings
from passwordless_otp.models.instance_settings.messages import MessageSettings
from passwordless_otp.models.instance_settings.restrictions import RestrictionSettings, SignUpMode
from passwordless_otp.models.instance_settings.sms import SmsSettings
from passwordless_otp.models.restrictions import Restriction


class Presence(models.TextChoices):
    """How a sign-up asks for a name."""

    OFF = "off", _("Off")
    OPTIONAL = "optional", _("Optional")
    REQUIRED = "required", _("Required")


def _between(low: int, high: int) -> list[Any]:
    return [MinValueValidator(low), MaxValueValidator(high)]


class InstanceSettings(ContactSettings, LimitSettings, MessageSettings, RestrictionSettings, SmsSettings):
    """The instance settings; every other way to steer the app is `settings.PASSWORDLESS_OTP`."""

    first_name = models.CharField(
        _("first name"), max_length=8, choices=Presence, default=Presence.OFF, help_text=_("Asked at sign-up.")
    )
    last_name = models.CharField(
        _("last name"), max_length=8, choices=Presence, default=Presence.OFF, help_text=_("Asked at sign-up.")
    )
    username = models.CharField(
        _("username"),
        max_length=8,
        choices=Presence,
        default=Presence.OFF,
        help_text=_("Asked at sign-up. A visitor is told when one is taken. Nobody signs in with it."),
    )
    max_tries = models.PositiveSmallIntegerField(
        _("tries"),
        default=5,
        validators=_between(1, 10),
        help_text=_("Wrong codes (1 to 10) before a visitor has to start again."),
    )
    code_life = models.PositiveSmallIntegerField(
        _("code life"),
        default=600,
        validators=_between(60, 600),
        help_text=_("Seconds (60 to 600) that a code can be used. Every message says how many minutes."),
    )
    resend_interval = models.PositiveSmallIntegerField(
        _("resend interval"),
        default=30,
        validators=_between(15, 300),
        help_text=_("Seconds (15 to 300) before a visitor gets another message. Asking earlier sends nothing."),
    )
    messages_per_flow = models.PositiveSmallIntegerField(
        _("messages"),
        default=5,
        validators=_between(1, 10),
        help_text=_("Messages (1 to 10) that one sign-in or sign-up may send."),
    )
    enumeration_protection = models.BooleanField(
        _("enumeration protection"),
        default=True,
        help_text=_("Nobody learns from an answer whether an address has an account. Off: visitors are told."),
    )
    staff_sign_in = models.BooleanField(
        _("staff may sign in by code"),
        default=False,
        help_text=_("Off: staff and superusers get an email that says so. Only superusers change this."),
    )
    session_lifetime_days = models.PositiveSmallIntegerField(
        _("session lifetime"),
        null=True,
        blank=True,
        validators=_between(1, 400),
        help_text=_("Days (1 to 400) until a visitor has to sign in again. Empty: as the site's own sessions."),
    )
    test_mode = models.BooleanField(
        _("test mode"),
        default=False,
        help_text=_(
            "Test identifiers work with their fixed codes, and get no messages. "
            "Anybody who knows one can sign in with it: turn this off on a live site."
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
        """Save the one row, and let this process see it from the commit on."""
        self.pk = 1
        super().save(**options)
        transaction.on_commit(settings_cache.clear, using=router.db_for_write(InstanceSettings))

    def clean(self) -> None:
        """Refuse what would lock everybody out, and texts that are of no use. Raises `ValidationError`."""
        problems: dict[str, Any] = {}
        parts = [contact, messages, limits, restrictions, sms]
        for part in parts:
            try:
                part.validate(self)
            except ValidationError as error:
                problems = error.update_error_dict(problems)
        if problems:
            raise ValidationError(problems)

    @classmethod
    def current(cls) -> "InstanceSettings":
        """Return the settings with the restrictions, read-only and at most a second old.

        In a transaction they are read each time: it sees its own changes, and nobody else does.
        """

        def read() -> InstanceSettings:
            settings = cls.editable()
            settings.restrictions = Restriction.objects.entries()
            settings.freeze()
            return settings

        connection = transaction.get_connection(router.db_for_write(cls))
        if connection.in_atomic_block:
            return read()
        schema = getattr(connection, "schema_name", "")  # of a tenant, as django-tenants sets it
        return settings_cache.get_or_read((connection.alias, schema), read)

    @classmethod
    def editable(cls) -> "InstanceSettings":
        """Return the settings as they are saved, or the defaults, to be changed and saved."""
        settings: InstanceSettings = cls.objects.filter(pk=1).first() or cls(pk=1)
        return settings

    @derived
    def sign_up_open(self) -> bool:
        """Whether anybody at all may sign up."""
        return self.sign_up_mode != SignUpMode.CLOSED and bool(self.kinds)
