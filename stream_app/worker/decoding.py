"""A batch by entity: what each record says, and which entities it is about."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stream_app.clients.record_batches import RefusedBatch
from stream_app.core.entity import EntityKind
from stream_app.core.envelope import Decoder, Event, Rejected
from stream_app.store.keys import entity_name
from stream_app.worker.batch import Batch, RecordLike

Dated = tuple[int, Event]
"""The time of an event in milliseconds, and the event."""


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

    `results` is what each record says, in the order of the log; `tombstones` are those without a value: no events,
    and not rejected either.
    """

    batch: Batch
    groups: Mapping[str, Group]
    links: Sequence[Link]
    results: Sequence[Dated | Rejected]
    rejected: Sequence[tuple[RecordLike, Rejected]]
    newest: int
    tombstones: int = 0

    @property
    def judged(self) -> int:
        """How many records are events or rejected."""
        return len(self.batch.records) - self.tombstones


def decode(batch: Batch, decoder: Decoder, kind_of: Mapping[type[Event], EntityKind]) -> Decoded:
    """Decode every record of a batch."""
    decode_record = decoder.decode
    groups: dict[str, Group] = {}
    by_id: defaultdict[str, dict[str, Group]] = defaultdict(dict)
    links: list[Link] = []
    rejected: list[tuple[RecordLike, Rejected]] = []
    newest = -1
    tombstones = 0

    def add_group(kind: EntityKind, id_: str) -> Group:
        group = groups[entity_name(kind.name, id_)] = by_id[kind.name][id_] = Group(kind, id_)
        return group

    results = [decode_record(record) for record in batch.records]
    for record, result in zip(batch.records, results, strict=True):
        if isinstance(result, Rejected):
            if record.value is None:
                tombstones += 1
            else:
                rejected.append((record, record.reason if isinstance(record, RefusedBatch) else result))
            continue
        at, event = result
        type_ = type(event)
        kind = kind_of[type_]
        id_ = getattr(event.data, kind.key)
        group = by_id[kind.name].get(id_) or add_group(kind, id_)
        group.events.append(result)
        if type_ in kind.unites:
            # Its time counts for nothing; both ids have to be read.
            merged = event.data.merged_id
            if merged not in by_id[kind.name]:
                add_group(kind, merged)
            links.append(Link(kind, (entity_name(kind.name, id_), entity_name(kind.name, merged))))
        elif at > newest:
            newest = at
    return Decoded(batch, groups, links, results, rejected, newest, tombstones)
