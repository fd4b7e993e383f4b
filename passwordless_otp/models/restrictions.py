"""Restrictions: who may sign up and sign in, by patterns, and the list of disposable domains.

A pattern is an email address (`jane@example.com`), a domain (`@example.com`), its subdomains (`@*.example.com`),
a phone number in E.164 (`+14155552671`) or a prefix of numbers (`+1415*`). The most specific match decides.
"""

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

PACKAGE = "disposable_email_domains"  # the list of disposable domains


def disposable_list_installed() -> bool:
    """Return whether the list of disposable domains is installed."""
    return find_spec(PACKAGE) is not None


def is_disposable(*domains: str) -> bool:
    """Return whether one of these domains is on the list. Without a list the answer is `False`."""
    if not disposable_list_installed():
        return False
    from disposable_email_domains import blocklist  # slow: has ten thousand names

    return not blocklist.isdisjoint(domains)


AT_DOMAIN, AT_SUBDOMAINS = "@", "@*."
PREFIX = re.compile(r"\+[1-9][0-9]{0,13}\*")


def canonical_pattern(text: str, region: str | None) -> str:
    """Return the pattern in canonical form, so that two spellings are one entry. Raises `FormatInvalid`."""
    text = text.strip()
    text = text[1:] if text.startswith("*@") else text
    for beginning, below in [(AT_SUBDOMAINS, "x."), (AT_DOMAIN, "")]:
        if text.startswith(beginning):
            somebody = identifiers.parse_email(f"x@{below}{text.removeprefix(beginning)}", "pattern")
            return beginning + domain_of(somebody).removeprefix(below)
    bare = re.sub(r"[ ().\-/]", "", text)
    if PREFIX.fullmatch(bare):
        return bare
    if "*" in text:  # would be read as an address with a star in it
        raise FormatInvalid("pattern", _("Use * only as in @*.example.com or +1415*, or remove it."))
    return identifiers.parse(text, region, "pattern").value


def matching_patterns(identifier: IdentifierValue) -> Iterator[str]:
    """Yield every pattern that matches this identifier, the most specific one first."""
    value = identifier.value
    yield value
    if identifier.kind == Kind.PHONE_NUMBER:
        yield from (f"{value[:length]}*" for length in range(len(value), 1, -1))
        return
    domain = domain_of(value)
    yield AT_DOMAIN + domain
    yield from (AT_SUBDOMAINS + parent for parent in parents(domain))


def domain_of(email: str) -> str:
    """Return the domain of this email address."""
    return email.rpartition("@")[2]


def parents(domain: str) -> Iterator[str]:
    """Yield the parent domains of this one, the nearest one first."""
    while "." in domain:
        domain = domain.partition(".")[2]
        yield domain


class Effect(models.TextChoices):
    """What a restriction does to the identifiers it matches."""

    ALLOW = "allow", _("can sign up")
    BLOCK = "block", _("can't sign up")
    BLOCK_SIGN_IN = "block_sign_in", _("can't sign up or sign in")


Entries = Mapping[str, str]  # pattern → effect


class RestrictionQuerySet(models.QuerySet["Restriction"]):
    """Restrictions as one mapping."""

    def entries(self) -> Entries:
        """Return the effect of each pattern."""
        return dict(self.values_list("pattern", "effect"))


class Restriction(models.Model):
    """A pattern and its effect."""

    pattern = models.CharField(
        _("who"),
        max_length=identifiers.MAX_LENGTH,
        unique=True,
        help_text=_(
            "An email address, @example.com for a domain, @*.example.com for its subdomains, a phone number, "
            "or +1415* for all numbers with this prefix."
        ),
    )
    effect = models.CharField(
        _("effect"),
        max_length=16,
        choices=Effect,
        default=Effect.BLOCK,
        help_text=_(
            "Visitors who can't sign up are told so; people with an account can still sign in. If they can't "
            "sign in either, they get no code and are not told why. Nobody is signed out."
        ),
    )
    note = models.CharField(
        _("note"), max_length=200, blank=True, help_text=_("For operators only: visitors don't see it.")
    )

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
        """Save the restriction. This process applies it as soon as the transaction is committed."""
        super().save(**options)
        transaction.on_commit(settings_cache.clear, using=router.db_for_write(Restriction))

    def delete(self, using: Any = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Delete the restriction. This process stops applying it as soon as the transaction is committed."""
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
    """Return the effect of the most specific matching pattern, or an empty string if none matches.

    Blocking an address blocks it with every +tag. Allowing one does not: a tag may be another person's.
    """
    mailbox = identifiers.mailbox(identifier.value) if identifier.kind == Kind.EMAIL_ADDRESS else identifier.value
    for pattern in matching_patterns(identifier):
        if pattern in entries:
            return entries[pattern]
        if pattern == identifier.value and entries.get(mailbox, Effect.ALLOW) != Effect.ALLOW:
            return entries[mailbox]
    return ""
