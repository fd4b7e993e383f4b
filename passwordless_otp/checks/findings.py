"""Errors and warnings with an id, such as `passwordless_otp.W006`, by which a site can silence them."""

from django.core import checks

PAGE = "docs/checks.md"  # has an anchor for each id


def error(number: str, text: str, hint: str) -> checks.Error:
    """Return a finding that stops `check`, `migrate` and `runserver`."""
    return checks.Error(text, hint=_with_link(hint, number), id=f"passwordless_otp.{number}")


def warning(number: str, text: str, hint: str) -> checks.Warning:
    """Return a finding that stops nothing."""
    return checks.Warning(text, hint=_with_link(hint, number), id=f"passwordless_otp.{number}")


def _with_link(hint: str, number: str) -> str:
    return f"{hint} See {PAGE}#{number.lower()}"
