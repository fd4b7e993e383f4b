"""Domains of mailboxes that anybody can have for minutes, as the package disposable-email-domains lists them."""

from importlib.util import find_spec

PACKAGE = "disposable_email_domains"


def installed() -> bool:
    """Tell whether there is a list."""
    return find_spec(PACKAGE) is not None


def lists(*domains: str) -> bool:
    """Tell whether one of these stands on the list. Without a list none does."""
    if not installed():
        return False
    from disposable_email_domains import blocklist  # ten thousand names: only where the operator asks for them

    return not blocklist.isdisjoint(domains)
