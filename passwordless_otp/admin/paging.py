"""Pages of a list that may have millions of rows."""

from functools import cached_property

from django.core.paginator import Paginator
from django.db.models import QuerySet

LIMIT = 1000  # rows that are counted, and so can be paged to; older ones are found by searching


class CappedPaginator(Paginator):
    """Counts the first rows only: PostgreSQL reads a whole table to count it."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, at most `LIMIT`."""
        rows = self.object_list[:LIMIT]
        return rows.count() if isinstance(rows, QuerySet) else len(rows)
