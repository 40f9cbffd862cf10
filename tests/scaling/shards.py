"""A namespace spread over shards, as docs/scaling.md has it: the product's own fold on dictionaries.

What a worker does is a generator that stops between commands to shards: others may run meanwhile, and one that is not
resumed is a worker that was killed.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple
from zlib import crc32

import msgspec

from stream_app.catalog.entities import ENTITIES, KIND_OF
from stream_app.core.entity import EntityKind, Fold
from stream_app.core.envelope import Event
from stream_app.core.facts import Delta, Fact, FoldSettings, add_difference
from stream_app.store.keys import entity_name, id_of_name, kind_of_name
from tests.laws.memory import Numbers

Dated = tuple[int, Event]
Procedure = Iterator[None]
Entity = Any
Message = tuple[str, str]
"""The names of two entities: the first has something to say to the second."""

KINDS = {kind.name: kind for kind in ENTITIES}
NOTHING = 0
"""The version of what does not exist."""
_versions = count(NOTHING + 1)


class Batch(NamedTuple):
    """A range of offsets of a partition."""

    partition: str
    begin: int
    end: int


@dataclass
class Change:
    """What is to be written on one shard, computed from entities of these versions."""

    read: dict[str, int] = field(default_factory=dict)
    states: dict[str, Entity] = field(default_factory=dict)
    delta: Delta = field(default_factory=list)
    newest: int = -1
    unsent: set[Message] = field(default_factory=set)
    sent: set[Message] = field(default_factory=set)


class Shard(Numbers):
    """One hash tag: entities, numbers, offsets and unsent messages, and the script that writes them."""

    def __init__(self, rules: FoldSettings) -> None:
        super().__init__(rules)
        self.entities: dict[str, tuple[int, bytes]] = {}
        self.offsets: dict[str, int] = defaultdict(int)
        self.unsent: set[Message] = set()

    def load(self, name: str) -> tuple[int, Entity]:
        """Version and state of an entity."""
        version, value = self.entities.get(name, (NOTHING, b""))
        return version, msgspec.msgpack.decode(value, type=KINDS[kind_of_name(name)].state) if version else None

    def commit(self, change: Change, batch: Batch | None = None) -> bool:
        """Write everything, or nothing if the batch does not begin here or an entity has changed."""
        if batch and self.offsets[batch.partition] != batch.begin:
            return False
        if any(self.entities.get(name, (NOTHING,))[0] != version for name, version in change.read.items()):
            return False
        for name, state in change.states.items():
            if state is None:
                self.entities.pop(name, None)
            else:
                self.entities[name] = next(_versions), msgspec.msgpack.encode(state)
        self.count(change.delta, change.newest)
        self.unsent = (self.unsent - change.sent) | change.unsent
        if batch:
            self.offsets[batch.partition] = batch.end
        return True


class Namespace:
    """Entities spread by hash over shards, and what workers do."""

    def __init__(self, rules: FoldSettings, shards: int = 3, seed: int = 0) -> None:
        self.rules = rules
        self.shards = [Shard(rules) for _ in range(shards)]
        self.log: dict[str, list[Dated]] = defaultdict(list)
        self._seed = seed

    def home(self, name: str) -> Shard:
        """The shard of an entity."""
        return self.shards[crc32(f"{self._seed}{name}".encode()) % len(self.shards)]

    def unsent(self) -> list[Message]:
        """What entities have to say to others."""
        return sorted(message for shard in self.shards for message in shard.unsent)

    def is_applied(self) -> bool:
        """Whether every shard stands at the end of every partition."""
        ends = {partition: len(log) for partition, log in self.log.items()}
        return all(shard.offsets[partition] == end for shard in self.shards for partition, end in ends.items())

    def restore(self, number: int, saved: Shard) -> None:
        """Let a shard be as it was once; what its entities had heard since they have to hear again."""
        shard = self.shards[number] = deepcopy(saved)
        for name in shard.entities:
            _, entity = shard.load(name)
            shard.unsent |= _news(KINDS[kind_of_name(name)], entity, [])

    def apply(self, partition: str, size: int, order: Sequence[int]) -> Procedure:
        """Apply the next batch of a partition to each shard; one that has a part of it gets the rest."""
        begin = min(shard.offsets[partition] for shard in self.shards)
        end = min(begin + size, len(self.log[partition]))
        for number in order:
            position = begin
            while begin <= position < end:
                change = self._fold(number, self.log[partition][position:end])
                yield
                if self.shards[number].commit(change, Batch(partition, position, end)):
                    break
                position = self.shards[number].offsets[partition]
                yield

    def send(self, message: Message) -> Procedure:
        """Let two entities exchange what they know: the receiver's commit first, then the sender's."""
        sender, receiver = message
        version, said = self.home(sender).load(sender)
        if said is None:
            return
        yield
        met_version, met = self.home(receiver).load(receiver)
        met, there = self._learn(receiver, met_version, met, said)
        yield
        if not self.home(receiver).commit(there):
            return
        yield
        _, here = self._learn(sender, version, said, met)
        here.sent.add(message)
        self.home(sender).commit(here)

    def total(self) -> Numbers:
        """What an exporter makes of all shards, before ratios and limits."""
        total = Numbers(self.rules)
        total.newest = max((each.newest for each in self.shards if each.newest), key=lambda at: at.now, default=None)
        for shard in self.shards:
            for bucket, amounts in shard.buckets.items():
                for series, amount in amounts.items():
                    total.buckets[bucket][series] += amount
            for series, amount in shard.levels.items():
                total.levels[series] += amount
            for day, changes in shard.level_changes.items():
                for series, amount in changes.items():
                    total.level_changes[day][series] += amount
            for series, members in shard.due.items():
                total.due[series] |= members
        return total

    def _fold(self, number: int, events: Iterable[Dated]) -> Change:
        """What events change on a shard: of the entities at home there."""
        shard, change = self.shards[number], Change()
        own: dict[str, list[Dated]] = defaultdict(list)
        links: dict[str, set[str]] = defaultdict(set)
        for at, event in events:
            kind = KIND_OF[type(event)]
            id_ = getattr(event.data, kind.key)
            if type(event) not in kind.unites:
                own[entity_name(kind.name, id_)].append((at, event))
                continue
            links[entity_name(kind.name, id_)].add(event.data.merged_id)
            links[entity_name(kind.name, event.data.merged_id)].add(id_)
        for name in sorted(own.keys() | links.keys()):
            if self.home(name) is shard:
                self._fold_one(shard, name, own[name], links[name], change)
        return change

    def _fold_one(self, shard: Shard, name: str, events: list[Dated], links: set[str], change: Change) -> None:
        kind, id_ = KINDS[kind_of_name(name)], id_of_name(name)
        change.read[name], before = shard.load(name)
        fold, was_counted, ids = Fold(self.rules), counts(before), list(ids_of(before))
        after = fold.apply(kind, before, id_, events)
        if was_counted:
            change.delta += fold.delta
        change.newest = max([change.newest, *(at for at, _ in events)])
        if links:
            after = after or kind.state(id_)
            facts = _facts(kind, after, self.rules)
            after.ids = sorted({*after.ids, *links})
            add_difference(change.delta, facts, _facts(kind, after, self.rules))
        change.states[name] = after
        change.unsent |= _news(kind, after, ids)

    def _learn(self, name: str, version: int, known: Entity, other: Entity) -> tuple[Entity, Change]:
        """An entity after it was given what another one knows; the events only if it is the one that counts."""
        kind, change = KINDS[kind_of_name(name)], Change({name: version})
        entity = kind.state(id_of_name(name)) if known is None else _copied(known)
        other, ids, before = _copied(other), entity.ids, _facts(kind, entity, self.rules)
        entity.ids = sorted({*entity.ids, other.id, *other.ids} - {entity.id})
        if counts(entity):
            (unite,) = kind.unites.values()
            # What one of the two has forgotten does not come back.
            kind.forget(other, max(entity.newest, other.newest) - self.rules.horizon_ms)
            unite(entity, other)
            entity.newest, entity.oldest = max(entity.newest, other.newest), min(entity.oldest, other.oldest)
        add_difference(change.delta, before, _facts(kind, entity, self.rules))
        kind.forget(entity, entity.newest - self.rules.horizon_ms)
        if entity != known:
            change.states[name] = entity
            change.newest = entity.newest or -1
            change.unsent |= _news(kind, entity, ids)
        return entity, change


def ids_of(entity: Entity) -> Sequence[str]:
    """The other ids of an entity as far as it knows them."""
    ids: Sequence[str] = getattr(entity, "ids", ())
    return ids


def counts(entity: Entity) -> bool:
    """Whether an entity is the one of all its ids that numbers come from: that of the smallest."""
    return all(entity.id < other for other in ids_of(entity))


def _facts(kind: EntityKind, entity: Entity, rules: FoldSettings) -> list[Fact]:
    return kind.all_facts(entity, rules) if counts(entity) else []


def _news(kind: EntityKind, entity: Entity, ids_before: Sequence[str]) -> set[Message]:
    """To whom a changed entity has something to say: of new ids to all, of events to the one that counts."""
    ids = ids_of(entity)
    receivers = ids if ids != ids_before else [] if counts(entity) else [min(ids)]
    return {(entity_name(kind.name, entity.id), entity_name(kind.name, other)) for other in receivers}


def _copied(entity: Entity) -> Entity:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(entity), type=type(entity))
