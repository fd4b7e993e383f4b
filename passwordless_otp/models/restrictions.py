"""Domains of mailboxes that anybody can have for minutes, as the package disposable-email-domains lists them."""

import re
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, router, transaction
from django.utils.translation import gettext_lazy as _

from passwordless_otp import conf, identifiers
from passwordless_otp.errors import FormatInvalid
from passwordless_otp.identifiers import IdentifierValue, Kind
from passwordless_otp.models import settings_cache
from passwordless_otp.models.base import PrimaryManager

PACKAGE = "disposable_email_domains"


def disposable_list_installed() -> bool:
    """Tell whether there is a list."""
    return find_spec(PACKAGE) is not None


def is_disposable(*domains: str) -> bool:
    """Tell whether one of these stands on the list. Without a list none does."""
    if not disposable_list_installed():
        return False
    from disposable_email_domains import blocklist  # ten thousand names: only where the operator asks for them

    return not blocklist.isdisjoint(domains)


AT_DOMAIN, AT_SUBDOMAINS = "@", "@*."
PREFIX = re.compile(r"\+[1-9][0-9]{0,13}\*")


def canonical_pattern(text: str, region: str | None) -> str:
    """Return the pattern as identifiers are written: two spellings are one entry. Raises `FormatInvalid`."""
    text = text.strip()
    text = text[1:] if text.startswith("*@") else text
    for beginning, below in [(AT_SUBDOMAINS, "x."), (AT_DOMAIN, "")]:
        if text.startswith(beginning):
            somebody = identifiers.parse_email(f"x@{below}{text.removeprefix(beginning)}", "pattern")
            return beginning + domain_of(somebody).removeprefix(below)
    bare = re.sub(r"[ ().\-/]", "", text)
    if PREFIX.fullmatch(bare):
        return bare
    if "*" in text:  # it would be read as an address of that very name, and match nobody
        raise FormatInvalid("pattern", _("A star can't stand there."))
    return identifiers.parse(text, region, "pattern").value


def matching_patterns(identifier: IdentifierValue) -> Iterator[str]:
    """Return every pattern that matches this identifier, the most specific one first."""
    value = identifier.value
    yield value
    if identifier.kind == Kind.PHONE_NUMBER:
        yield from (f"{value[:length]}*" for length in range(len(value), 1, -1))
        return
    domain = domain_of(value)
    yield AT_DOMAIN + domain
    yield from (AT_SUBDOMAINS + parent for parent in parents(domain))


def domain_of(email: str) -> str:
    """Return what follows the at sign."""
    return email.rpartition("@")[2]


def parents(domain: str) -> Iterator[str]:
    """Return the domains that this one is below, the nearest one first."""
    while "." in domain:
        domain = domain.partition(".")[2]
        yield domain


class Effect(models.TextChoices):
    """What an entry does to whom it matches."""

    ALLOW = "allow", _("may sign up")
    BLOCK = "block", _("may not sign up")
    BLOCK_SIGN_IN = "block_sign_in", _("may neither sign up nor sign in")


Entries = Mapping[str, str]  # pattern → effect


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
        transaction.on_commit(settings_cache.clear, using=router.db_for_write(Restriction))

    def delete(self, using: Any = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Delete it, and let this process see that from the commit on."""
        deleted = super().delete(using, keep_parents)
        transaction.on_commit(settings_cache.clear, using=router.db_for_write(Restriction))
        return deleted

    def clean(self) -> None:
        """Put the pattern into canonical form. Raises `ValidationError`."""
        try:
            self.pattern = canonical_pattern(self.pattern, conf.default_region())
        except FormatInvalid as error:
            raise ValidationError({"pattern": error.long_message}) from error


def effect_of(identifier: IdentifierValue, entries: Entries) -> str:
    """Return the effect of the entry that decides about this identifier; empty where none matches.

    Who is blocked is so with every +tag. Who is allowed is so as written: elsewhere a tag may be another person.
    """
    mailbox = identifiers.mailbox(identifier.value) if identifier.kind == Kind.EMAIL_ADDRESS else identifier.value
    for pattern in matching_patterns(identifier):
        if pattern in entries:
            return entries[pattern]
        if pattern == identifier.value and entries.get(mailbox, Effect.ALLOW) != Effect.ALLOW:
            return entries[mailbox]
    return ""
