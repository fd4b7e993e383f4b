"""JSON Schema in few words."""


def closed(optional=(), **properties):
    """An object with these members and no other, all of them there but for the optional."""
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def one_of(*values):
    """One of these strings."""
    return {"type": "string", "enum": [str(value) for value in values]}


def just(value):
    """This value and no other."""
    return {"const": value}


def prefixed(prefix):
    """An id."""
    return {"type": "string", "pattern": f"^{prefix}[0-9a-f-]+$"}


def array(items, **limits):
    return {"type": "array", "items": items, **limits}


def ref(name):
    return {"$ref": f"#/components/schemas/{name}"}


def nullable(schema):
    """This, or null."""
    return {"anyOf": [schema, NULL]}


def like(value):
    """What has the shape of this value; every member of an object is there, and `object` is its name."""
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
