"""What an entry of the restrictions may say, and which entries an identifier is looked up by. Pure.

jane@example.com   this address        @example.com     every address at this domain
+14155552671       this number         @*.example.com   every address at its subdomains
                                       +1415*           every number that begins so
"""

import re
from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from passwordless_otp import identifiers
from passwordless_otp.errors import FormatInvalid
from passwordless_otp.identifiers import Address, Kind

AT_DOMAIN, AT_SUBDOMAINS = "@", "@*."
PREFIX = re.compile(r"\+[1-9][0-9]{0,13}\*")


def canonical(text: str, region: str | None) -> str:
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


def matching(address: Address) -> Iterator[str]:
    """Return every pattern that matches this identifier, the most specific one first."""
    value = address.value
    yield value
    if address.kind == Kind.PHONE_NUMBER:
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
