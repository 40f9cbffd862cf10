"""A batch by entity: what each record says, and which entities it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stream_app.core.entity import EntityKind
from stream_app.core.envelope import Decoder, Event, Rejected
from stream_app.store.keys import entity_name
from stream_app.worker.batch import Batch, RecordLike

Dated = tuple[int, Event]
"""The time of an event in milliseconds, and the event."""

_FIRST_TIMESTAMP_MS = 946_684_800_000
"""The year 2000: a record timestamp before it comes from no clock."""

_NEVER = 2**62


@dataclass(slots=True)
class Group:
    """The events of one id, in the order of the log."""

    kind: EntityKind
    id: str
    events: list[Dated] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Link:
    """Two ids of a kind that an event unites, by the names of their entities."""

    kind: EntityKind
    names: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Decoded:
    """A batch by entity, and the rejected records. `newest` is the time of the newest event (milliseconds), else -1.

    `tombstones` are the records without a value: no events, and not rejected either.
    """

    batch: Batch
    groups: Mapping[str, Group]
    links: Sequence[Link]
    in_order: Sequence[Dated]
    rejected: Sequence[tuple[RecordLike, Rejected]]
    newest: int
    tombstones: int = 0

    @property
    def judged(self) -> int:
        """How many records are events or rejected."""
        return len(self.batch.records) - self.tombstones


def written(timestamp: int) -> int:
    """When a record was written (milliseconds); one without a timestamp is never before its event."""
    return timestamp if timestamp > _FIRST_TIMESTAMP_MS else _NEVER


def decode(batch: Batch, decoder: Decoder, kind_of: Mapping[type[Event], EntityKind]) -> Decoded:
    """Decode every record of a batch."""
    decode_record = decoder.decode
    groups: dict[str, Group] = {}
    links: list[Link] = []
    in_order: list[Dated] = []
    rejected: list[tuple[RecordLike, Rejected]] = []
    newest = -1
    tombstones = 0
    for record in batch.records:
        result = decode_record(record, written(record.timestamp))
        if isinstance(result, Rejected):
            if record.value is None:
                tombstones += 1
            else:
                rejected.append((record, result))
            continue
        at, event = result
        in_order.append(result)
        kind = kind_of[type(event)]
        id_ = getattr(event.data, kind.key)
        name = entity_name(kind.name, id_)
        group = groups.get(name)
        if group is None:
            group = groups[name] = Group(kind, id_)
        group.events.append(result)
        if type(event) in kind.unites:
            # Its time counts for nothing; both ids have to be read.
            merged = event.data.merged_id
            other = entity_name(kind.name, merged)
            groups.setdefault(other, Group(kind, merged))
            links.append(Link(kind, (name, other)))
        elif at > newest:
            newest = at
    return Decoded(batch, groups, links, in_order, rejected, newest, tombstones)
