"""TestAddress: an email address or phone number with a fixed code, for testing the site."""

from django.conf import settings as site
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from passwordless_otp import codes, conf, identifiers
from passwordless_otp.errors import FormatInvalid
from passwordless_otp.identifiers import IdentifierValue
from passwordless_otp.models.base import PrimaryManager
from passwordless_otp.models.identifiers import Identifier
from passwordless_otp.models.instance_settings import InstanceSettings

SIX_DIGITS = RegexValidator(rf"^[0-9]{{{codes.LENGTH}}}\Z", _("Enter six digits."))


class TestAddress(models.Model):
    """Works while test mode is on, until its last day. No message is ever sent to it."""

    __test__ = False  # not a test case

    identifier = models.CharField(
        _("address or number"),
        max_length=identifiers.MAX_LENGTH,
        unique=True,
        help_text=_("An email address or a phone number, such as +11111111111."),
    )
    code = models.CharField(
        _("fixed code"), max_length=codes.LENGTH, validators=[SIX_DIGITS], help_text=_("Six digits.")
    )
    until = models.DateField(_("until"), help_text=_("The last day on which the code works."))

    objects = PrimaryManager()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("test address")
        verbose_name_plural = _("test addresses")

    def __str__(self) -> str:
        return self.identifier

    def clean(self) -> None:
        """Bring the identifier into canonical form. Raises `ValidationError`, also if it belongs to staff."""
        try:
            identifier = identifiers.parse(self.identifier, conf.default_region())
        except FormatInvalid as error:
            raise ValidationError({"identifier": error.long_message}) from error
        self.identifier = identifier.value
        holder = Identifier.objects.matching(identifier).select_related("user").first()
        if holder and any(getattr(holder.user, name, False) for name in ["is_staff", "is_superuser"]):
            problem = _("This belongs to a member of staff. Use another email address or phone number.")
            raise ValidationError({"identifier": problem})

    @classmethod
    def code_for(cls, identifier: IdentifierValue, settings: InstanceSettings) -> str:
        """Return the fixed code of this identifier, or an empty string. Reads nothing unless test mode is on."""
        if not settings.test_mode:
            return ""
        today = timezone.localdate() if site.USE_TZ else timezone.now().date()
        listed = cls.objects.filter(identifier=identifier.value, until__gte=today).first()
        return listed.code if listed else ""
