"""A JSON Schema for each event type, from the very types that the worker decodes with.

One file describes the whole envelope and refers to no other. Beyond what `msgspec` derives from the types it states
what the decoder checks by itself: moments with an offset, identifiers and labels without `@` and control characters.
"""

import json
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from stream_app.core.envelope import AT_SIGNS, UNPRINTABLE, Event, event_type, free_text_fields
from stream_app.render.catalog import Catalog, Rendered

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_DAY = r"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
_OFFSET = r"([Zz]|[+-]([01][0-9]|2[0-3]):?[0-5][0-9])"
_PATTERNS = {
    "date": f"^(19[7-9]|[2-9][0-9][0-9])[0-9]-{_DAY}$",
    "date-time": f"^[0-9]{{4}}-{_DAY}[Tt ]{_TIME}{_OFFSET}$",
}

# The characters themselves, which JSON escapes: the syntax for escapes differs between JavaScript, Python, Rust and Go.
_BARE = f"^[^{AT_SIGNS}{UNPRINTABLE}]*$"

Schema = dict[str, Any]


def schema_path(kind: type[Event]) -> str:
    """Return where the schema of an event type lies."""
    return f"schemas/{event_type(kind)}.json"


def schemas(catalog: Catalog) -> Rendered:
    """Return the schema file of every event type."""
    return {schema_path(kind): json.dumps(event_schema(kind), indent=2) + "\n" for kind in catalog.event_types}


def event_schema(kind: type[Event]) -> Schema:
    """Return the JSON Schema of an event of this type as a structured CloudEvent; unknown fields pass."""
    name = event_type(kind)
    envelope: Schema = _object(kind)["properties"]
    return {
        "$schema": DIALECT,
        "$id": f"urn:stream-app:event:{name}",
        "title": name,
        "description": description(kind),
        "type": "object",
        "properties": {
            "type": {"const": name},
            "id": envelope["id"] | {"pattern": _BARE},
            "source": envelope["source"],
            "sequence": {"anyOf": [envelope["sequence"]["anyOf"][0] | {"pattern": _BARE}, {"type": "null"}]},
            "time": envelope["time"],
            "specversion": envelope["specversion"],
            "data": {"description": description(data_of(kind)), **_object(data_of(kind), texts=_BARE)},
        },
        "required": ["type", "id", "time", "data"],
    }


def data_of(kind: type[Event]) -> type[Struct]:
    """Return the struct of an event type's `data`."""
    found: type[Struct] = get_type_hints(kind)["data"]
    return found


def description(kind: type[Struct]) -> str:
    """Return the docstring of a struct as one paragraph."""
    return " ".join((kind.__doc__ or "").split())


def _object(kind: type[Struct], texts: str | None = None) -> Schema:
    """Return a struct's schema, written out; its identifiers and labels match the pattern `texts`."""
    (_,), components = msgspec.json.schema_components([kind], ref_template="{name}")
    derived: Schema = components[kind.__name__]
    hints = get_type_hints(kind, include_extras=True)
    free = free_text_fields(kind)
    properties = {
        name: _property(schema, hints.get(name), None if name in free else texts)
        for name, schema in derived["properties"].items()
    }
    return {"type": "object", "properties": properties, "required": derived.get("required", [])}


def _property(schema: Schema, hint: Any, texts: str | None) -> Schema:  # noqa: ANN401 - a hint has no type of its own
    if "$ref" in schema:
        struct = next(each for each in _inside(hint) if isinstance(each, type) and issubclass(each, Struct))
        return {"description": description(struct), **_object(struct, texts)}
    if "anyOf" in schema:
        # An absent field and null mean the same, so a default of null would say nothing.
        return {"anyOf": [_property(each, hint, texts) for each in schema["anyOf"]]}
    if "items" in schema:
        return schema | {"items": _property(schema["items"], hint, texts)}
    return schema | _added(schema, hint, texts)


def _added(schema: Schema, hint: Any, texts: str | None) -> Schema:  # noqa: ANN401 - see `_property`
    if "enum" in schema:
        # msgspec sorts them; a reader wants the order in which they are declared.
        literals = (each for each in _inside(hint) if get_origin(each) is Literal)
        return {"enum": [value for literal in literals for value in get_args(literal)]}
    if "format" in schema:
        return {"pattern": _PATTERNS[schema["format"]]}
    return {"pattern": texts} if schema.get("type") == "string" and texts else {}


def _inside(hint: Any) -> list[Any]:  # noqa: ANN401 - see `_property`
    """Return a type hint and everything that it is made of, without None and the values of literals."""
    if hint is NoneType or hint is None:
        return []
    if get_origin(hint) is Literal:
        return [hint]
    parts = get_args(hint)[:1] if get_origin(hint) is Annotated else get_args(hint)
    return [hint, *(inner for part in parts for inner in _inside(part))]
