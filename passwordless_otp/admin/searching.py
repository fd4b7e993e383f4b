"""What an operator types into a search box → the rows that are exactly that."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.formats import number_format
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from passwordless_otp import conf, identifiers
from passwordless_otp.admin.paging import LIMIT
from passwordless_otp.errors import FormatInvalid
from passwordless_otp.identifiers import Address

HELP = format_lazy(
    _(
        "An email address or a phone number, whole, in any spelling; or an id. "
        "The list ends after the newest {limit}: older ones are found by searching."
    ),
    limit=lazy(number_format, str)(LIMIT, force_grouping=True),
)


def address_in(term: str) -> Address | None:
    """Return the identifier that was typed; `None` where it is none."""
    try:
        return identifiers.parse(term, conf.default_region())
    except FormatInvalid:
        return None


def by_id(rows: QuerySet[Any], term: str) -> QuerySet[Any]:
    """Return the row with this UUID, or none: whatever else was typed is not looked for."""
    try:
        return rows.filter(pk=UUID(term.strip()))
    except ValueError:
        return rows.none()
