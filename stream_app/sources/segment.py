"""Segment's Webhooks destination and RudderStack's: the same messages, https://segment.com/docs/connections/spec."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from stream_app.sources.exports.contract import choices
from stream_app.sources.fields import digest, elements, identifier, label, mapping, text
from stream_app.sources.mail import object_of, person_or_id
from stream_app.sources.paths import parsed
from stream_app.sources.source import (
    Context,
    Event,
    Hmac,
    Ignored,
    Incomplete,
    Item,
    Malformed,
    Missing,
    Outcome,
    Parked,
    Read,
    Request,
    Signature,
    Source,
    SourceSettings,
    Unsigned,
)
from stream_app.sources.times import moment, moment_of_milliseconds, moment_of_seconds

_MILLISECONDS_FROM = 10**11
"""From here on a number is no moment in seconds (it would be the year 5138) but in milliseconds."""

_ORIGIN = ("source", "channel", "campaign_id")
_NEEDS = {"lead.engaged": "kind", "lead.stage_changed": "to", "lead.status_changed": "to"}
_IGNORED = frozenset({"page", "screen", "group"})


class Mapped(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a tracked event is with us; the fields are those of the type's `data`."""

    type: Literal["lead.engaged", "lead.stage_changed", "lead.status_changed"]
    """The type of our event."""
    kind: str = ""
    """What the lead did, for `lead.engaged`."""
    to: str = ""
    """The new stage or status, for the two others."""
    program_id: str = ""
    """The program it belongs to, for `lead.engaged`."""
    campaign_id: str = ""
    """The campaign it belongs to, for `lead.engaged`."""

    def __post_init__(self) -> None:
        """Refuse a type without the field that it needs."""
        name = _NEEDS[self.type]
        if getattr(self, name) not in (words := choices(self.type, name)):
            msg = f"{self.type} needs `{name}`: one of {', '.join(words)}"
            raise ValueError(msg)

    def data(self) -> dict[str, str]:
        """The fields that are stated."""
        stated = (_NEEDS[self.type], *(("program_id", "campaign_id") if self.type == "lead.engaged" else ()))
        return {name: found for name in stated if (found := getattr(self, name))}


class SegmentSettings(SourceSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `sources.toml` may say of Segment or RudderStack."""

    events: dict[str, Mapped] = msgspec.field(default_factory=dict)
    """The name of a tracked event to what it is with us; events that are not named are ignored."""
    traits: dict[Literal["source", "channel", "campaign_id"], str] = msgspec.field(default_factory=dict)
    """Where a lead comes from: our field to the trait that holds it, one that is set once and stays."""


def split(request: Request, received: int) -> list[Item] | Malformed:
    """The one message of a request, or those of a batch."""
    body = request.body
    found = elements(body) if body.lstrip().startswith(b"[") else [body]
    if found is None:
        return Malformed("Expected a JSON object or a JSON array")
    return [Item(_item_id(raw), raw, received) for raw in found]


def _item_id(raw: bytes) -> str:
    return identifier(mapping(parsed(raw)).get("messageId")) or f"h-{digest(raw)}"


def _events_of(source: str, item: Item, context: Context[SegmentSettings]) -> list[Outcome]:
    found = object_of(item.raw)
    if found is None:
        return [Parked("malformed")]
    kind = text(found.get("type")) or ""
    if kind in _IGNORED:
        return [Ignored(kind)]
    if kind not in _KINDS:
        return [Parked("unknown_event", "type")]
    lead = _lead(found, context)
    if not isinstance(lead, str):
        return [lead]
    when = moment(found.get("timestamp"))
    if when is None:
        return [Parked("time", "timestamp")]
    return list(_KINDS[kind](_Message(source, found, lead, when), context))


class _Message(msgspec.Struct, frozen=True):
    """A message of a person whom we can name."""

    source: str
    found: Mapping[str, Any]
    lead: str
    when: str

    def event(self, event_id: str, kind: str, data: Mapping[str, Any], when: str = "") -> Event:
        return {
            "specversion": "1.0",
            "id": identifier(event_id),
            "source": self.source,
            "type": kind,
            "time": when or self.when,
            "data": {"lead_id": self.lead, **data},
        }

    def merged(self, other: str) -> Event:
        return self.event(f"merged:{self.lead}:{other}", "lead.merged", {"merged_id": other})


def _lead(found: Mapping[str, Any], context: Context[SegmentSettings]) -> str | Ignored | Parked:
    if text(found.get("userId")):
        return person_or_id(found.get("userId"), context) or Parked("lead", "userId")
    address = _address(found)
    if address is None:
        return Ignored("anonymous")
    return context.person(address) or Parked("address", "traits.email")


def _address(found: Mapping[str, Any]) -> str | None:
    return text(mapping(found.get("traits")).get("email")) or text(
        mapping(mapping(found.get("context")).get("traits")).get("email")
    )


def _track(message: _Message, context: Context[SegmentSettings]) -> Iterator[Outcome]:
    name = text(message.found.get("event"))
    mapped = context.settings.events.get(name or "")
    own = text(message.found.get("messageId"))
    if name is None:
        yield Parked("event", "event")
    elif mapped is None:
        yield Ignored("not_in_events")
    elif own is None:
        yield Parked("id", "messageId")
    else:
        yield message.event(own, mapped.type, mapped.data())


def _identify(message: _Message, context: Context[SegmentSettings]) -> Iterator[Outcome]:
    traits = mapping(message.found.get("traits"))
    address = _address(message.found)
    other = context.person(address) if address else None
    is_linked = other is not None and other != message.lead
    if is_linked:
        yield message.merged(str(other))
    created = traits.get("createdAt", traits.get("created_at"))
    if created is None:
        if not is_linked:
            yield Ignored("not_created")
        return
    when = _created(created)
    if when is None:
        yield Parked("time", "traits.createdAt")
        return
    origin = {
        name: stated
        for name in _ORIGIN
        if (stated := label(traits.get(trait)) if (trait := context.settings.traits.get(name)) else None)  # type: ignore[call-overload]
    }
    # What can change is in the id: of records with one id only one would stand.
    stated = digest("\0".join([when, *(f"{name}={origin[name]}" for name in sorted(origin))]))
    yield message.event(f"created:{message.lead}:{stated}", "lead.created", origin, when)
    if "source" not in origin:
        yield Incomplete("source")


def _created(value: object) -> str | None:
    if isinstance(value, str):
        return moment(value)
    return moment_of_milliseconds(value) if _is_milliseconds(value) else moment_of_seconds(value)


def _is_milliseconds(value: object) -> bool:
    return isinstance(value, int | float) and value >= _MILLISECONDS_FROM


def _alias(message: _Message, context: Context[SegmentSettings]) -> Iterator[Outcome]:
    other = person_or_id(message.found.get("previousId"), context)
    if other is None:
        yield Parked("lead", "previousId")
    elif other == message.lead:
        yield Ignored("same_id")
    else:
        yield message.merged(other)


def _delete(message: _Message, context: Context[SegmentSettings]) -> Iterator[Outcome]:
    del context
    own = text(message.found.get("messageId"))
    yield message.event(own, "lead.erased", {}) if own else Parked("id", "messageId")


_KINDS = {"track": _track, "identify": _identify, "alias": _alias, "delete": _delete, "suppress": _delete}


def _source(name: str, title: str, signature: Signature, steps: tuple[str, ...]) -> Source[SegmentSettings]:
    def events(item: Item, context: Context[SegmentSettings]) -> list[Outcome]:
        return _events_of(f"/{name}", item, context)

    return Source(
        name=name,
        title=title,
        signature=signature,
        settings=SegmentSettings,
        split=split,
        events=events,
        reads=_READS,
        missing=_MISSING,
        steps=steps,
    )


_READS = (
    Read("track, event in the `events` table", "lead.engaged, lead.stage_changed, lead.status_changed"),
    Read("track, any other event", ""),
    Read("identify with `traits.createdAt`", "lead.created", "at that time"),
    Read("identify with `userId` and an address", "lead.merged", "the person of the address is the same"),
    Read("alias", "lead.merged", "`userId` with `previousId`"),
    Read("delete, suppress", "lead.erased"),
    Read("page, screen, group", ""),
    Read("anonymous messages", "", "nobody knows yet who it was"),
    Read("userId, else traits.email", "lead_id", "an address becomes a `p-…` id"),
    Read("timestamp", "time", "never `originalTimestamp`: the clock of the device"),
    Read("messageId", "id"),
)
_MISSING = (
    Missing(
        "source",
        '`lifecycle_new_leads{source="unknown"}`; cost per lead by channel and campaign stays empty.',
        'Set a trait once at sign-up and name it: `traits = { source = "first_source" }`.',
    ),
    Missing(
        "anonymous",
        "What people did before they were identified counts for nobody.",
        "Call `identify` as early as possible.",
    ),
)

SEGMENT = _source(
    "segment",
    "Segment",
    Hmac(header="x-signature", digest="sha1", encoding="hex"),
    (
        (
            "In Segment open **Connections > Catalog**, search for **Webhooks (Actions)**, choose **Configure Webhooks "
            "(Actions)** and the source of your events."
        ),
        "Under **Settings > Advanced Settings** enter a long **Shared Secret**, the same as in the secret file.",
        (
            "Under **Mappings** add **Send**: URL `https://YOUR-HOST/in/segment`, method POST, data `$event`, events "
            "Track, Identify and Alias. Turn **Enable Batching** off: of a batch Segment signs the first message only."
        ),
        (
            "Name the events that count in `sources.toml`: "
            '`[sources.segment.events."Demo Booked"]` with `type = "lead.engaged"` and `kind = "meeting"`.'
        ),
        "Enable the mapping and the destination.",
    ),
)
RUDDERSTACK = _source(
    "rudderstack",
    "RudderStack",
    Unsigned(),
    (
        "Make a long password and write `USER:PASSWORD` into the secret file: RudderStack signs nothing.",
        "In RudderStack open **Destinations**, choose **New destination** and **Webhook**, and connect your source.",
        "**Webhook URL**: `https://YOUR-HOST/in/rudderstack`. **URL Method**: POST.",
        "Under **Headers** add `Authorization` with `Basic ` and the base64 of `USER:PASSWORD`.",
        (
            "Name the events that count in `sources.toml`: "
            '`[sources.rudderstack.events."Demo Booked"]` with `type = "lead.engaged"` and `kind = "meeting"`.'
        ),
    ),
)
