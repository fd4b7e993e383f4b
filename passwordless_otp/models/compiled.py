"""SELECTs that Django compiles once: those that every request runs.

Building and compiling a queryset takes Django several times as long as the database takes to answer. So the SQL
of a queryset is kept for each database alias, with the places of its values, and later only the values change.
"""

from collections.abc import Callable, Iterator
from typing import Any

from django.db import connections
from django.db.models import QuerySet

_statements: dict[tuple[Any, ...], tuple[str, list[Any], Any, Any]] = {}


def select(build: Callable[..., QuerySet[Any]], using: str, *values: str) -> Iterator[Any]:
    """Yield the rows of `build(using, *values)`, a queryset with `values_list()`. The values must be strings.

    `build` must return the same queryset but for the values, whenever it is called with as many of them.
    """
    key = (build, using, len(values))
    if key not in _statements:
        markers = [f"<value {number}>" for number in range(len(values))]
        compiler = build(using, *markers).query.get_compiler(using)
        sql, parameters = compiler.as_sql()
        places = [markers.index(each) if each in markers else None for each in parameters]
        parameters = [(place, each) for place, each in zip(places, parameters, strict=True)]
        converters = compiler.get_converters([column for column, _, _ in compiler.select])
        _statements[key] = sql, parameters, compiler, converters
    sql, parameters, compiler, converters = _statements[key]
    with connections[using].cursor() as cursor:
        cursor.execute(sql, [each if place is None else values[place] for place, each in parameters])
        rows = cursor.fetchall()
    return iter(compiler.apply_converters(rows, converters) if converters else rows)
