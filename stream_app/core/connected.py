"""Entities that merges connect: the events of several ids, folded as those of the entities that the ids belong to.

An entity is stored under one of its ids and lists the others (`ids`); under each of those stands a pointer. A pointer
is a hint: an id belongs to an entity if and only if the entity lists it. So the version of the entity vouches for both.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from stream_app.core.entity import EntityKind, Fold
from stream_app.core.envelope import Event
from stream_app.core.facts import add_difference
from stream_app.core.stored_form import Encoded, encode_entity, entity_decoder


@dataclass(frozen=True, slots=True)
class Pointer:
    """Stands under an id whose entity is stored under another one."""

    to: str


Stored = Any
"""An entity, a `Pointer`, or None."""


@dataclass(frozen=True, slots=True)
class Write:
    """What is to stand under an id. `version` is what must stand there before, None if that does not matter."""

    id: str
    version: str | None
    stored: Stored


class Connected:
    """Ids of one kind of entity that belong together, or will: folded in the order of their events.

    `stored` says under each id its version and what stands there; a pointer comes with what it leads to (`unresolved`).
    """

    def __init__(self, kind: EntityKind, stored: Mapping[str, tuple[str, Stored]]) -> None:
        self._kind = kind
        self._versions = {id_: version for id_, (version, each) in stored.items() if not isinstance(each, Pointer)}
        self._entity_of: dict[str, Any] = {}
        self._pointed: dict[str, str] = {}
        for id_, (_, each) in stored.items():
            if not isinstance(each, Pointer):
                self._entity_of[id_] = each
                if each is not None and kind.unites:
                    self._pointed |= dict.fromkeys(each.ids, id_)
        for id_, root in self._pointed.items():
            self._entity_of[id_] = self._entity_of[root]

    def fold(self, fold: Fold, events: Iterable[tuple[int, Event]]) -> None:
        """Fold events in the order of the log."""
        kind = self._kind
        waiting: dict[str, list[tuple[int, Event]]] = {}
        for at, event in events:
            if type(event) in kind.unites:
                self._flush(fold, waiting)
                self._unite(fold, event)
                continue
            id_ = getattr(event.data, kind.key)
            entity = self._entity_of.get(id_)
            waiting.setdefault(id_ if entity is None else entity.id, []).append((at, event))
            if type(event) is kind.erased_by:
                self._flush(fold, waiting)
        self._flush(fold, waiting)

    def _flush(self, fold: Fold, waiting: dict[str, list[tuple[int, Event]]]) -> None:
        for id_, events in waiting.items():
            entity = self._entity_of.get(id_)
            after = fold.apply(self._kind, entity, id_, events)
            # What is erased is forgotten under all its ids.
            ids = [id_] if entity is None or after is not None else [entity.id, *entity.ids]
            self._entity_of |= dict.fromkeys(ids, after)
        waiting.clear()

    def _unite(self, fold: Fold, event: Event) -> None:
        kind, settings = self._kind, fold.settings
        first, second = getattr(event.data, kind.key), event.data.merged_id
        left, right = self._entity_of.get(first), self._entity_of.get(second)
        if left is not None and left is right:
            fold.stats.duplicates += 1
            return
        left, right = left or kind.state(first), right or kind.state(second)
        # The one with more ids stays, because each id of the other one gets a new pointer.
        into, other = (right, left) if len(left.ids) < len(right.ids) else (left, right)
        before = [*kind.all_facts(into, settings), *kind.all_facts(other, settings)]
        kind.unites[type(event)](into, other)
        into.ids += [other.id, *other.ids]
        into.newest, into.oldest = max(into.newest, other.newest), min(into.oldest, other.oldest)
        add_difference(fold.delta, before, kind.all_facts(into, settings))
        kind.forget(into, into.newest - settings.horizon_ms)
        fold.stats.applied[type(event)] += 1
        self._entity_of |= dict.fromkeys([into.id, *into.ids], into)

    def writes(self) -> Iterator[Write]:
        """What is to be stored under each id; nothing is said of pointers that stay as they are."""
        for id_, entity in self._entity_of.items():
            # The version of the entity that lists an id vouches for its pointer, but not for another entity.
            version = self._versions.get(id_, None if id_ in self._pointed else "")
            if entity is None:
                if version != "":
                    yield Write(id_, version, None)
            elif entity.id == id_:
                yield Write(id_, version, entity)
            elif self._pointed.get(id_) != entity.id:
                yield Write(id_, version, Pointer(entity.id))


def unresolved(stored: dict[str, tuple[str, Stored]], read_together: Collection[str] = ()) -> set[str]:
    """The ids that have to be read, in one look, before every pointer leads to an entity that lists its id.

    A pointer that leads elsewhere is out of date, or what it leads to is: all of them are to be read again, because
    either may come from a cache. `read_together` are the ids that were read last: a pointer that is still wrong when
    they are all among those stands for nothing, and is set so in `stored`.
    """
    to_read: set[str] = set()
    for id_, (version, each) in list(stored.items()):
        if not isinstance(each, Pointer):
            continue
        path = _path(stored, id_)
        if path[-1] not in stored:
            to_read.add(path[-1])
        elif not _lists(stored[path[-1]][1], id_):
            if set(path).issubset(read_together):
                stored[id_] = version, None
            else:
                to_read.update(path)
    return to_read


def _path(stored: Mapping[str, tuple[str, Stored]], id_: str) -> list[str]:
    """An id and those that its pointers lead over, up to an id of an entity, one that is not read, or a circle."""
    path = [id_]
    while path[-1] in stored and isinstance(pointer := stored[path[-1]][1], Pointer) and pointer.to not in path:
        path.append(pointer.to)
    return path


def _lists(stored: Stored, id_: str) -> bool:
    return stored is not None and not isinstance(stored, Pointer) and id_ in stored.ids


def components(ids: Iterable[str], links: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The ids, those that links connect together."""
    leader: dict[str, str] = {}

    def find(id_: str) -> str:
        while leader.setdefault(id_, id_) != id_:
            leader[id_] = id_ = leader[leader[id_]]
        return id_

    for left, right in links:
        leader[find(left)] = find(right)
    found: dict[str, list[str]] = {}
    for id_ in ids:
        found.setdefault(find(id_), []).append(id_)
    return list(found.values())


def links_of(stored: Mapping[str, tuple[str, Stored]]) -> list[tuple[str, str]]:
    """The pairs of ids of which one points to the other."""
    return [(id_, pointer.to) for id_, (_, pointer) in stored.items() if isinstance(pointer, Pointer)]


_encode_pointer = msgspec.msgpack.Encoder().encode


def encode(stored: Stored) -> Encoded:
    """An entity or a pointer as bytes; a pointer is a text, which no entity is."""
    return (_encode_pointer(stored.to), 0) if isinstance(stored, Pointer) else encode_entity(stored)


def decoder(kind: EntityKind) -> Callable[[bytes], Stored]:
    """Reads what `encode` wrote."""
    if not kind.unites:
        return entity_decoder(kind.state)
    decode = entity_decoder(kind.state, str)

    def read(value: bytes) -> Stored:
        found = decode(value)
        return Pointer(found) if isinstance(found, str) else found

    return read
