"""Our own contract over HTTP, for everything that has no adapter: CloudEvents structured, in batches and binary.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

import re
from typing import Any
from urllib.parse import unquote

import orjson

from stream_app.core.envelope import MAX_DEPTH
from stream_app.sources.fields import elements, has_at_sign
from stream_app.sources.identity import event_id
from stream_app.sources.paths import parsed, text
from stream_app.sources.source import (
    Context,
    Item,
    Malformed,
    Outcome,
    Parked,
    Read,
    Request,
    Source,
    SourceSettings,
    StandardWebhooks,
)
from stream_app.sources.unmapped import UnmappedError

_ATTRIBUTES = ("specversion", "id", "source", "type", "time", "sequence")
_CLOUDEVENTS = "application/cloudevents"
_STRUCTURED = frozenset({_CLOUDEVENTS, f"{_CLOUDEVENTS}+json"})
_BATCH = f"{_CLOUDEVENTS}-batch+json"
_ADDRESS = re.compile(r"[^\s@<>()\[\]:;,\\\"]+@[\w-]+(?:\.[\w-]+)+")


class EventsSettings(SourceSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `[sources.events]` may say: nothing of its own."""


def split(request: Request, received: int) -> list[Item] | Malformed:
    """The events of a request: each item is one structured event, however it was sent.

    A JSON array is a batch and a JSON object an event, whether or not their content type says so.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.startswith(_CLOUDEVENTS):
        if kind not in {*_STRUCTURED, _BATCH}:
            return Malformed("CloudEvents are taken in JSON only")
    elif request.headers.keys() & {"ce-id", "ce-type"}:
        return _binary(request, received)
    if kind == _BATCH or request.body.lstrip().startswith(b"["):
        return _batch(request, received)
    return [_item(request.body, received)] if isinstance(parsed(request.body), dict) else Malformed("not a JSON object")


def _batch(request: Request, received: int) -> list[Item] | Malformed:
    found = elements(request.body)
    return Malformed("not a JSON array") if found is None else [_item(each, received) for each in found]


def _binary(request: Request, received: int) -> list[Item] | Malformed:
    headers = request.headers
    # Header values are percent-encoded UTF-8.
    attributes = {name: unquote(headers[f"ce-{name}"]) for name in _ATTRIBUTES if f"ce-{name}" in headers}
    data = parsed(request.body)
    if data is None:
        return Malformed("data is not JSON")
    try:
        return [_item(orjson.dumps({**attributes, "data": data}), received)]
    except orjson.JSONEncodeError:
        return Malformed("a ce- header is not UTF-8")


def _item(raw: bytes, received: int) -> Item:
    event = parsed(raw)
    identifier, source = text(event, "id"), text(event, "source")
    stated = f"{source} {identifier}".strip() if identifier else ""
    # The hash of an address alone could be found out by trying.
    return Item(event_id(stated if stated and not has_at_sign(stated) else raw.hex()), raw, received)


def events(item: Item, context: Context[EventsSettings]) -> list[Outcome]:
    """The event, with the ids of persons in the place of e-mail addresses."""
    event = parsed(item.raw)
    if not isinstance(event, dict):
        return [Parked("not_an_object")]
    stated = {name: event[name] for name in (*_ATTRIBUTES, "data") if name in event}
    try:
        found: dict[str, Any] = _without_addresses(stated, context, MAX_DEPTH)
    except UnmappedError as error:
        return [error.outcome]
    return [found]


def _without_addresses(value: Any, context: Context[EventsSettings], depth: int) -> Any:  # noqa: ANN401 - any JSON
    """The same with each address replaced by its person's id; a name with an @ is none of the contract's."""
    if isinstance(value, str):
        return _with_aliases(value, context)
    if depth == 0 and isinstance(value, dict | list):
        raise UnmappedError(Parked("nested_too_deep", "data"))
    if isinstance(value, dict):
        return {key: _without_addresses(each, context, depth - 1) for key, each in value.items() if "@" not in key}
    return [_without_addresses(each, context, depth - 1) for each in value] if isinstance(value, list) else value


def _with_aliases(value: str, context: Context[EventsSettings]) -> str:
    if "@" not in value:
        return value
    return context.person(value) or _ADDRESS.sub(lambda found: context.person(found[0]) or found[0], value)


EVENTS = Source(
    name="events",
    title="Own events",
    signature=StandardWebhooks(),
    settings=EventsSettings,
    split=split,
    events=events,
    reads=(
        Read("application/cloudevents+json, application/json", "the event", "one object: a structured event"),
        Read("application/cloudevents-batch+json, or a JSON array", "the events", "each element a structured event"),
        Read("ce-id, ce-source, ce-type, ce-time, ce-sequence", "the envelope", "binary mode: the body is `data`"),
        Read(
            "an e-mail address in any text",
            "p-...",
            "the id of that person, the same as from every other source: `lead_id` may be an address",
        ),
        Read("other attributes", ""),
    ),
    is_own=True,
    steps=(
        (
            "Make a secret: `printf 'whsec_%s\\n' \"$(openssl rand -base64 24)\"`, and write it into the file that"
            " `secret_file` of `[sources.events]` names."
        ),
        (
            "Give the same secret to the sender. It signs by https://www.standardwebhooks.com: libraries in many"
            " languages do, or with `openssl`: the header `webhook-signature` is `v1,` and the base64 of the"
            " HMAC-SHA256 over `<webhook-id>.<webhook-timestamp>.<body>`, with the decoded secret as key."
        ),
        (
            "Post events as [events.md](../events.md) describes them to `https://in.example.com/in/events`. Try one"
            " first: `stream-app map events event.json`."
        ),
    ),
)
