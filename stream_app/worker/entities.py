"""What a worker knows of the stored entities: a cache in front of the store.

The cache may be wrong or lost at any time: the ledger refuses what was computed from anything but what is stored.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from stream_app.core.connected import Stored, decoder
from stream_app.core.entity import EntityKind
from stream_app.store.keys import kind_of_name
from stream_app.store.ledger import Ledger

Versioned = tuple[str, Stored]
"""The version of what stands under an id ("" = nothing), and what that is."""


class Entities:
    """Entities by name, read from the store where they are not cached. `limit` is how many stay cached."""

    def __init__(self, ledger: Ledger, kinds: Iterable[EntityKind], limit: int) -> None:
        self._ledger = ledger
        self._limit = limit
        self._decode = {kind.name: decoder(kind) for kind in kinds}
        self._cache: dict[str, Versioned] = {}

    def take(self, names: Iterable[str]) -> tuple[dict[str, Versioned], list[str]]:
        """What is cached of these entities, and the names of the others. It leaves the cache until `put`."""
        cached: dict[str, Versioned] = {}
        missing: list[str] = []
        for name in names:
            entry = self._cache.pop(name, None)
            if entry is None:
                missing.append(name)
            else:
                cached[name] = entry
        return cached, missing

    async def load(self, names: Sequence[str]) -> dict[str, Versioned]:
        """What is stored of these entities."""
        found: dict[str, Versioned] = {}
        for name, stored in zip(names, await self._ledger.load(names), strict=True):
            if stored is None:
                found[name] = "", None
            else:
                version, value = stored
                found[name] = version, self._decode[kind_of_name(name)](value)
        return found

    def put(self, entries: Mapping[str, Versioned]) -> None:
        """Cache entities for the next batch. Those of the commit under way are kept beyond the limit."""
        cache = self._cache
        # In one pass: finding the first key over and over looks at every deleted one before it.
        for name in [*islice(cache, max(0, len(cache) - self._limit))]:
            del cache[name]
        cache.update(entries)

    def drop(self, entries: Mapping[str, Versioned]) -> None:
        """Forget entries that did not come to be."""
        cache = self._cache
        for name, entry in entries.items():
            if cache.get(name) is entry:
                del cache[name]

    def clear(self) -> None:
        """Forget everything."""
        self._cache.clear()
