"""Folding a batch: each entity by itself, and together those that merges connect."""

import asyncio
from collections.abc import Iterable, Mapping

from stream_app.core.connected import Connected, Pointer, Stored, components, encode, links_of, unresolved
from stream_app.core.entity import EntityKind, Fold
from stream_app.core.stored_form import Encoded, compressed, encode_entity
from stream_app.store.keys import entity_name, id_of_name, kind_of_name
from stream_app.store.ledger import State, new_version
from stream_app.worker.decoding import Dated, Decoded
from stream_app.worker.entities import Cached, Entities, Versioned, cached

_ENTITIES_PER_TURN = 50
"""How many entities are folded or compressed before the event loop may run: the commit before has megabytes to send."""


class Folding:
    """One batch on its way into entities; `states` is what is to be stored, `entities` the same for the cache."""

    def __init__(self, decoded: Decoded, entities: Entities, fold: Fold) -> None:
        self.fold = fold
        self.version = new_version()
        self.states: list[State] = []
        self.entities: dict[str, Cached] = {}
        self._decoded = decoded
        self._known = entities
        self._linked = {name for link in decoded.links for name in link.names}
        self._connected: dict[str, Versioned] = {}
        self._written: dict[str, tuple[str | None, Stored, Encoded | None]] = {}

    async def run(self) -> None:
        """Fold all events of the batch."""
        entries, missing = self._known.take(self._decoded.groups)
        if missing:
            # The store answers after the commit before this one; the cached entities are folded meanwhile.
            async with asyncio.TaskGroup() as group:
                loading = group.create_task(self._known.load(missing))
                await self._fold_each(entries)
            entries = loading.result()
        await self._fold_each(entries)
        if self._connected:
            await self._fold_connected()
        await self._compress()

    async def _fold_each(self, entries: Mapping[str, Versioned]) -> None:
        groups, linked, apply, written = self._decoded.groups, self._linked, self.fold.apply, self._written
        for number, (name, (version, entity)) in enumerate(entries.items(), 1):
            group = groups[name]
            kind = group.kind
            if kind.unites and (name in linked or isinstance(entity, Pointer) or (entity is not None and entity.ids)):
                self._connected[name] = version, entity
                continue
            after = apply(kind, entity, group.id, group.events)
            if after is not None:
                written[name] = version, after, encode_entity(after)
            elif version:
                written[name] = version, None, None
            if number % _ENTITIES_PER_TURN == 0:
                await asyncio.sleep(0)

    async def _compress(self) -> None:
        for number, (name, (version, after, encoded)) in enumerate(self._written.items(), 1):
            if encoded is None:
                self.entities[name] = "", None, None
                self.states.append(State(name, version, None))
            else:
                value, stays = compressed(encoded[0]), encoded[1]
                self.entities[name] = cached(self.version, after, value, stays)
                self.states.append(State(name, version, value, stays))
            if number % _ENTITIES_PER_TURN == 0:
                await asyncio.sleep(0)

    async def _fold_connected(self) -> None:
        position = {id(dated): number for number, dated in enumerate(self._decoded.results)}
        kinds = {self._decoded.groups[name].kind.name: self._decoded.groups[name].kind for name in self._connected}
        for kind in kinds.values():
            stored = await self._resolved(kind)
            links = [
                (id_of_name(left), id_of_name(right))
                for link in self._decoded.links
                if link.kind is kind
                for left, right in [link.names]
            ]
            for together in components(stored, [*links, *links_of(stored)]):
                connected = Connected(kind, {id_: stored[id_] for id_ in together})
                connected.fold(self.fold, sorted(self._events(kind, together), key=lambda dated: position[id(dated)]))
                for write in connected.writes():
                    encoded = None if write.stored is None else encode(write.stored)
                    self._written[entity_name(kind.name, write.id)] = write.version, write.stored, encoded
                self._keep_pointers(kind, {id_: stored[id_] for id_ in together})
                await asyncio.sleep(0)

    def _keep_pointers(self, kind: EntityKind, stored: Mapping[str, Versioned]) -> None:
        """Keep in the cache the pointers that led to their entities and still do."""
        for id_, (version, pointer) in stored.items():
            name = entity_name(kind.name, id_)
            if isinstance(pointer, Pointer) and name not in self._written:
                _, entity, _ = self._written.get(entity_name(kind.name, pointer.to), ("", None, None))
                if entity is not None and not isinstance(entity, Pointer):
                    self.entities[name] = version, pointer, None

    async def _resolved(self, kind: EntityKind) -> dict[str, Versioned]:
        """What stands under the ids of a kind that are connected, with the entities that their pointers lead to."""
        stored = {id_of_name(name): entry for name, entry in self._connected.items() if kind_of_name(name) == kind.name}
        read_together: set[str] = set()
        while to_read := unresolved(stored, read_together):
            # What is in `stored` has left the cache, so that it is read from the store the second time.
            cached, missing = self._known.take(entity_name(kind.name, id_) for id_ in to_read)
            loaded = await self._known.load(missing)
            stored |= {id_of_name(name): entry for name, entry in (cached | loaded).items()}
            read_together = {id_of_name(name) for name in loaded}
        return stored

    def _events(self, kind: EntityKind, ids: Iterable[str]) -> Iterable[Dated]:
        for id_ in ids:
            group = self._decoded.groups.get(entity_name(kind.name, id_))
            if group is not None:
                yield from group.events
