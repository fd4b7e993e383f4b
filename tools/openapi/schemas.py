"""Constructors of JSON Schema."""

from collections.abc import Collection
from typing import Any

Schema = dict[str, Any]


def closed(optional: Collection[str] = (), **properties: Schema) -> Schema:
    """Return the schema of an object with these members and no other. Only `optional` may be left out."""
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def one_of(*values: object) -> Schema:
    """Return the schema of a string that is one of these."""
    return {"type": "string", "enum": [str(value) for value in values]}


def just(value: object) -> Schema:
    """Return the schema of this value and no other."""
    return {"const": value}


def prefixed(prefix: str) -> Schema:
    """Return the schema of an id that begins with this prefix."""
    return {"type": "string", "pattern": f"^{prefix}[0-9a-f-]+$"}


def array(items: Schema, **limits: int) -> Schema:
    """Return the schema of an array; `limits` are `minItems` and `maxItems`."""
    return {"type": "array", "items": items, **limits}


def ref(name: str) -> Schema:
    """Return a reference to the schema of this name."""
    return {"$ref": f"#/components/schemas/{name}"}


def nullable(schema: Schema) -> Schema:
    """Return a schema that allows null as well."""
    return {"anyOf": [schema, NULL]}


def like(value: object) -> Schema:
    """Return the schema of values with the same members and types; the member `object` is a name and constant."""
    if isinstance(value, dict):
        inner = {name: just(each) if name == "object" else like(each) for name, each in value.items()}
        return closed(**inner)
    if isinstance(value, list):
        return array(TEXT)
    return NULL if value is None else BOOLEAN if isinstance(value, bool) else TEXT


TEXT = {"type": "string"}
BOOLEAN = {"type": "boolean"}
NULL = {"type": "null"}
COUNT = {"type": "integer", "minimum": 0}
INSTANT = {"type": "integer", "description": "Milliseconds since 1970."}
