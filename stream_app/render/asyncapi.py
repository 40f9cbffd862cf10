"""The topics and what flows through them, as one AsyncAPI 3.0 document.

https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

import json
from collections.abc import Iterator
from typing import Any

from stream_app.core.envelope import CAUSES, MAX_VALUE_BYTES, Event, event_type
from stream_app.render.catalog import Catalog, Rendered
from stream_app.render.schemas import description, schema_path

PATH = "schemas/asyncapi.json"

# The newest dialect that AsyncAPI 3.0 names. The schemas use only keywords that mean the same in draft-07 and 2020-12.
_FORMAT = "application/schema+json;version=draft-07"

_INTRODUCTION = (
    "Producers write B2B lifecycle events; workers read them, and write those that they reject to the dead letters. "
    "Each event may come as a structured CloudEvent (the value is the whole envelope) or in binary mode (the "
    "attributes are `ce_` headers, the value is `data`). "
    f"A value has at most {MAX_VALUE_BYTES} bytes. Order and copies do not matter."
)
_DEAD_LETTERS = "Rejected records: key and value untouched, the reason and the place they came from in the headers."

Node = dict[str, Any]


def asyncapi(catalog: Catalog) -> Rendered:
    """Return the AsyncAPI document; it refers to the schema files beside it."""
    channels: Node = {suffix: _channel(catalog, suffix) for suffix in catalog.topics}
    operations: Node = {
        f"receive-{suffix}": {"action": "receive", "channel": {"$ref": f"#/channels/{suffix}"}} for suffix in channels
    }
    channels["dlq"] = {
        "address": f"{catalog.namespace}.dlq",
        "description": _DEAD_LETTERS,
        "messages": {"rejected": {"$ref": "#/components/messages/rejected"}},
    }
    operations["send-dlq"] = {"action": "send", "channel": {"$ref": "#/channels/dlq"}}
    document = {
        "asyncapi": "3.0.0",
        "info": {"title": "stream-app", "version": "1.0.0", "description": _INTRODUCTION},
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": dict(_messages(catalog)) | {"rejected": _rejected()}},
    }
    return {PATH: json.dumps(document, indent=2, ensure_ascii=False) + "\n"}


def types_on(catalog: Catalog, suffix: str) -> list[type[Event]]:
    """Return the event types of a topic, in order of declaration."""
    return [kind for kind in catalog.event_types if event_type(kind).partition(".")[0] in catalog.topics[suffix]]


def key_on(catalog: Catalog, suffix: str) -> str:
    """Return the field of `data` that keys the records of a topic. ValueError if its types do not agree on one."""
    (key,) = {catalog.keys[kind] for kind in types_on(catalog, suffix)}
    return key


def _channel(catalog: Catalog, suffix: str) -> Node:
    names = [event_type(kind) for kind in types_on(catalog, suffix)]
    key = key_on(catalog, suffix)
    return {
        "address": f"{catalog.namespace}.{suffix}",
        "description": f"Events of {', '.join(catalog.topics[suffix])}, keyed by `{key}`.",
        "messages": {
            message: {"$ref": f"#/components/messages/{message}"}
            for name in names
            for message in (name, f"{name}.binary")
        },
    }


def _messages(catalog: Catalog) -> Iterator[tuple[str, Node]]:
    for kind in catalog.event_types:
        name = event_type(kind)
        file = f"./{schema_path(kind).rpartition('/')[2]}"
        key = {"type": "string", "description": f"`data.{catalog.keys[kind]}`, in UTF-8"}
        shared = {"name": name, "summary": description(kind), "bindings": {"kafka": {"key": key}}}
        structured = {
            "title": f"{name}, structured",
            "contentType": "application/cloudevents+json",
            "payload": _schema({"$ref": file}),
        }
        binary = {
            "title": f"{name}, in binary mode",
            "contentType": "application/json",
            "headers": _schema(_attributes(name, file)),
            "payload": _schema({"$ref": f"{file}#/properties/data"}),
        }
        yield name, shared | structured
        yield f"{name}.binary", shared | binary


def _schema(schema: Node) -> Node:
    return {"schemaFormat": _FORMAT, "schema": schema}


def _attributes(name: str, file: str) -> Node:
    shared = ("id", "source", "time", "specversion")
    return {
        "type": "object",
        "properties": {"ce_type": {"const": name}}
        | {f"ce_{attribute}": {"$ref": f"{file}#/properties/{attribute}"} for attribute in shared},
        "required": ["ce_type", "ce_id", "ce_time"],
    }


def _rejected() -> Node:
    number = {"type": "string", "pattern": "^[0-9]+$"}
    always: Node = {
        "cause": {"enum": list(CAUSES), "description": "Why it was rejected."},
        "detail": {"type": "string", "description": "The field and the rule, never the value."},
        "topic": {"type": "string", "description": "Topic that the record was read from."},
        "partition": number | {"description": "Its partition there, in decimal digits."},
        "offset": number | {"description": "Its offset there, in decimal digits."},
        "time": {"type": "string", "format": "date-time", "description": "When it was rejected."},
    }
    truncated = number | {"description": "Bytes of the whole value, if the broker took only the head of it."}
    headers = {
        "type": "object",
        "properties": always | {"truncated": truncated},
        "patternProperties": {"^original\\.": {"description": "A header of the record itself."}},
        "required": list(always),
    }
    return {
        "name": "rejected",
        "title": "A rejected record",
        "summary": "`topic`, `partition` and `offset` identify it: after a crash it can stand here twice.",
        "contentType": "application/octet-stream",
        "headers": _schema(headers),
        "payload": _schema({"description": "The rejected value, byte for byte."}),
        "bindings": {"kafka": {"key": {"description": "The original key."}}},
    }
