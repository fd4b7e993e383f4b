"""What a check has found, with a number by which a site can silence it."""

from django.core import checks

PAGE = "docs/checks.md"  # has an anchor for each


def error(number: str, text: str, hint: str) -> checks.Error:
    """Return what must not stay."""
    return checks.Error(text, hint=_more(hint, number), id=f"passwordless_otp.{number}")


def warning(number: str, text: str, hint: str) -> checks.Warning:
    """Return what should not stay."""
    return checks.Warning(text, hint=_more(hint, number), id=f"passwordless_otp.{number}")


def _more(hint: str, number: str) -> str:
    return f"{hint} See {PAGE}#{number.lower()}"
