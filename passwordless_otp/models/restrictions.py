"""Restriction: who may sign up and who may not, entry by entry."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, router, transaction
from django.utils.translation import gettext_lazy as _

from passwordless_otp import conf, identifiers
from passwordless_otp.errors import FormatInvalid
from passwordless_otp.identifiers import Address, Kind
from passwordless_otp.models import memo, patterns
from passwordless_otp.models.primary import PrimaryManager


class Effect(models.TextChoices):
    """What an entry does to whom it matches."""

    ALLOW = "allow", _("may sign up")
    BLOCK = "block", _("may not sign up")
    BLOCK_SIGN_IN = "block_sign_in", _("may neither sign up nor sign in")


Entries = dict[str, str]  # pattern → effect


class RestrictionQuerySet(models.QuerySet["Restriction"]):
    """The statement."""

    def entries(self) -> Entries:
        """Return all entries."""
        return dict(self.values_list("pattern", "effect"))


class Restriction(models.Model):
    """One entry. Of several that match an identifier the most specific one decides."""

    pattern = models.CharField(
        _("who"),
        max_length=identifiers.MAX_LENGTH,
        unique=True,
        help_text=_(
            "An email address, @example.com for everybody there, @*.example.com for its subdomains, "
            "a phone number, or +1415* for all numbers that begin so."
        ),
    )
    effect = models.CharField(
        _("effect"),
        max_length=16,
        choices=Effect,
        default=Effect.BLOCK,
        help_text=_(
            "People with an account can go on signing in, unless they may neither sign up nor sign in: "
            "they are not told, and get no code. Nobody is signed out."
        ),
    )
    note = models.CharField(_("note"), max_length=200, blank=True, help_text=_("For you and other operators."))

    objects = PrimaryManager.from_queryset(RestrictionQuerySet)()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("restriction")
        verbose_name_plural = _("restrictions")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(effect__in=Effect.values), name="passwordless_otp_restriction_effect"
            )
        ]

    def __str__(self) -> str:
        return self.pattern

    def save(self, **options: Any) -> None:
        """Save it, and let this process see it from the commit on."""
        super().save(**options)
        transaction.on_commit(memo.forget, using=router.db_for_write(Restriction))

    def delete(self, using: Any = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Delete it, and let this process see that from the commit on."""
        deleted = super().delete(using, keep_parents)
        transaction.on_commit(memo.forget, using=router.db_for_write(Restriction))
        return deleted

    def clean(self) -> None:
        """Put the pattern into canonical form. Raises `ValidationError`."""
        try:
            self.pattern = patterns.canonical(self.pattern, conf.default_region())
        except FormatInvalid as error:
            raise ValidationError({"pattern": error.long_message}) from error


def effect_of(address: Address, entries: Entries) -> str:
    """Return the effect of the entry that decides about this identifier; empty where none matches.

    Who is blocked is so with every +tag. Who is allowed is so as written: elsewhere a tag may be another person.
    """
    mailbox = identifiers.mailbox(address.value) if address.kind == Kind.EMAIL_ADDRESS else address.value
    for pattern in patterns.matching(address):
        if pattern in entries:
            return entries[pattern]
        if pattern == address.value and entries.get(mailbox, Effect.ALLOW) != Effect.ALLOW:
            return entries[mailbox]
    return ""
