"""`docs/events.md`: the event contracts, rendered from the types that the worker decodes with."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from msgspec import Struct

from stream_app.core.envelope import CAUSES, MAX_DEPTH, MAX_FUTURE_MS, MAX_VALUE_BYTES, Event, event_type
from stream_app.render.asyncapi import key_on, types_on
from stream_app.render.catalog import Catalog, Rendered
from stream_app.render.markdown import GENERATED, code, page, table
from stream_app.render.schemas import data_of, description, event_schema, schema_path

PATH = "docs/events.md"

_MANY_VALUES = 20
_FORMATS = {"date-time": "RFC 3339 moment with an offset", "date": "date, `YYYY-MM-DD`, from 1970 on"}

_AHEAD = f"at most {MAX_FUTURE_MS // 60_000} minutes ahead of the record's timestamp"

_ENVELOPE = f"""\
Every record's value is a JSON object shaped like a structured CloudEvent 1.0:

```json
{{"specversion":"1.0","id":"evt-7f3","source":"/hubspot/12345","type":"lead.stage_changed",
 "time":"2026-03-02T09:14:03.741Z","data":{{"lead_id":"65059681032","to":"mql"}}}}
```

| field | rule |
| --- | --- |
| `id` | Required. `id` and `source` identify the event: seen again, it is a duplicate and has no effect. |
| `source` | Optional, the empty text if left out. |
| `type` | Required; one of those below. |
| `time` | Required: when it happened, RFC 3339 **with an offset**, in whole milliseconds, not before 1970, {_AHEAD}. |
| `sequence` | Optional, text of 1 to 64 characters: orders events of one instant. See below. |
| `specversion` | Optional; if there, `"1.0"`. |
| `data` | Required object, by type. |
| anything else | Ignored, in `data` too. |

An optional field of `data` may be left out or null: both mean absent. Identifiers are opaque texts of 1 to 128
characters. Identifiers and labels never contain an `@` (an e-mail address must never become a key, a label or a log
line) or control characters. Money is in minor units of an ISO 4217 currency; a number that is whole may be written
`100000.0` or `1e5`. A second `:60` is the last millisecond of its minute. A value is UTF-8, has at most
{MAX_VALUE_BYTES // 1024} KiB, and nests at most {MAX_DEPTH} levels deep, fields that are ignored included.

**Binary mode** of CloudEvents is read too: headers `ce_id`, `ce_source`, `ce_type`, `ce_time`, `ce_sequence`, and as
the value `data`. With a `content-type` of `application/cloudevents+json` the value is the whole event, whatever other
headers say.

The record key should be the field that the table names: it keeps the events of one entity in order and on one worker.
The numbers depend neither on it nor on order or duplicates."""

_ORDER = """\
Where the newest or the earliest of several events counts, they are ordered by `time`, then `sequence`, then the rank of
their type, then `id`, then `source`. Many systems stamp whole seconds, so two states of one thing often share a `time`.

- `sequence`: those without one come first, then those of digits only, by their number, then all others, by their text.
  A source sets it on all events of a thing or on none of them.
- Rank of the type: as in this table. Two `lead.stage_changed` of one instant are in the order of the funnel."""

_MERGES = """\
`lead.merged` and `account.merged` say that two ids are one person or one company. All ids that merges connect, directly
or over others, are one entity, whose events are the union of theirs: those from before the merge and those that come
later under any of the ids. When a merge happened, arrived, or how often, counts for nothing; only the rule on `future`
holds. `lead.erased` of any of the ids erases the whole."""

_DEAD_LETTERS = """\
Key and value are unchanged; the headers are `cause`, `detail`, `topic`, `partition`, `offset`
and `time`. After a crash a record can be there twice: `topic`, `partition` and `offset` identify it. `detail` names
the field and the rule, never the value."""

_FILES = """\
A JSON Schema of each type is in [`schemas/`](../schemas), with records that are accepted and refused in
[`schemas/examples/`](../schemas/examples). [`schemas/asyncapi.json`](../schemas/asyncapi.json) describes all topics in
AsyncAPI 3.0."""

_REJECTED = {
    "malformed": "Not JSON, not an object, or not UTF-8; or its batch cannot be decompressed.",
    "invalid": "Not as the schema says; `detail` says where.",
    "unknown_type": "`type` is none of those on this page.",
    "future": f"`time` is more than {MAX_FUTURE_MS // 60_000} minutes ahead of the record's timestamp.",
    "too_large": f"The value is over {MAX_VALUE_BYTES // 1024} KiB, or its batch is larger than "
    "`STREAM_APP_MAX_BATCH_BYTES` when decompressed. Of such a batch there is one dead letter and none of its records "
    "is read; with a higher limit `rebuild` reads them.",
    "pii_identifier": "An identifier or label contains an `@`.",
    "bug": "It is an event but cannot be applied; `detail` says where that failed. A sum beyond 2^53 does that, too.",
}


def event_page(catalog: Catalog) -> Rendered:
    """Return the page of all event types: envelope, topics, each type's `data`, what becomes of rejected records."""
    types = (_topic(catalog, suffix) for suffix in catalog.topics)
    return {
        PATH: page(
            "# Events",
            GENERATED,
            "## Envelope",
            _ENVELOPE,
            "## Order within one instant",
            _ORDER,
            table(("of", "in this order"), _ranks(catalog)),
            "## Merges",
            _MERGES,
            "## Topics",
            _topics(catalog),
            "A namespace other than the default takes the place of the first word of every topic.",
            *types,
            "## Rejected records",
            f"They go to `{catalog.namespace}.dlq`. {_DEAD_LETTERS}",
            table(("cause", "meaning"), ((code([cause]), _REJECTED[cause]) for cause in CAUSES)),
            "## Files",
            _FILES,
        )
    }


def _ranks(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Each family whose types have different ranks, with its types from the first to the last."""
    by_family: dict[str, dict[int, list[str]]] = {}
    for kind in catalog.event_types:
        name = event_type(kind)
        by_family.setdefault(name.partition(".")[0], {}).setdefault(catalog.ranks.get(kind, 1), []).append(name)
    for family, ranks in by_family.items():
        if len(ranks) > 1:
            if 0 in ranks:
                yield code([f"{family}.*"]), f"{code(ranks[0])} before all others"
            else:
                yield code([f"{family}.*"]), " < ".join(" = ".join(map(_code, ranks[rank])) for rank in sorted(ranks))


def _code(name: str) -> str:
    return code([name])


def _topics(catalog: Catalog) -> str:
    rows = [
        (
            code([f"{catalog.namespace}.{suffix}"]),
            code([key_on(catalog, suffix)]),
            code(f"{each}.*" for each in families),
        )
        for suffix, families in catalog.topics.items()
    ]
    return table(
        ("topic", "record key", "types"),
        [*rows, (code([f"{catalog.namespace}.dlq"]), "as it was", "rejected records")],
    )


def _topic(catalog: Catalog, suffix: str) -> str:
    sections = [_section(data, list(kinds)) for data, kinds in groupby(types_on(catalog, suffix), data_of)]
    return page(f"## Topic `{catalog.namespace}.{suffix}`", *sections).rstrip()


def _section(data: type[Struct], kinds: list[type[Event]]) -> str:
    names = [event_type(kind) for kind in kinds]
    meanings = [f"- [`{event_type(kind)}`](../{schema_path(kind)}): {description(kind)}" for kind in kinds]
    schema = event_schema(kinds[0])["properties"]["data"]
    return page(
        f"### {', '.join(names)}",
        "\n".join(meanings),
        f"`data`: {description(data)}",
        table(("field", "", "rule"), _fields(schema)),
    ).rstrip()


def _fields(schema: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    for name, field in schema["properties"].items():
        required = "required" if name in schema["required"] else "optional"
        yield code([prefix + name]), required, rule(field)
        if field.get("type") == "array":
            yield from _fields(field["items"], f"{prefix}{name}[].")


def rule(field: dict[str, Any]) -> str:
    """Say in words what a field's schema asks for."""
    if "anyOf" in field:
        return rule(next(each for each in field["anyOf"] if each != {"type": "null"}))
    if "enum" in field:
        values = field["enum"]
        return code(values) if len(values) <= _MANY_VALUES else f"one of the {len(values)} codes that the schema lists"
    match field["type"]:
        case "array":
            return f"list of at most {field['maxItems']:,} objects. {field['items']['description']}"
        case "string":
            return _FORMATS[field["format"]] if "format" in field else _text(field)
        case "boolean":
            return "true or false"
        case number:
            return f"{number}, {field['minimum']:,} to {field['maximum']:,}"


def _text(field: dict[str, Any]) -> str:
    least = f"{field['minLength']} to " if "minLength" in field else "at most "
    return f"{'' if 'pattern' in field else 'free '}text of {least}{field['maxLength']:,} characters"
