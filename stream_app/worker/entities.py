"""What a worker knows of the stored entities: a cache in front of the store.

The cache may be wrong or lost at any time: the ledger refuses what was computed from anything but what is stored.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from stream_app.core.connected import Stored, decoder
from stream_app.core.entity import EntityKind
from stream_app.core.stored_form import decompressed
from stream_app.store.keys import kind_of_name
from stream_app.store.ledger import Ledger

Versioned = tuple[str, Stored]
"""The version of what stands under an id ("" = nothing), and what that is."""

_MOST_DECODED = 5000
"""How many entities stay decoded, those that were used last: the others take less than a third of the memory."""

_LARGE = 8192
"""From how many bytes on an entity always stays decoded: to decode it again would take too long."""


Cached = tuple[str, Stored, bytes | None]
"""The same, and how it is encoded; None if it is to stay decoded."""


def cached(version: str, stored: Stored, encoded: bytes, stays: int) -> Cached:
    """What was just encoded, all of it or but for bytes that stay in the store."""
    return version, stored, None if stays or len(encoded) >= _LARGE else encoded


class Entities:
    """Entities by name, read from the store where they are not cached. `limit` is how many stay cached."""

    def __init__(self, ledger: Ledger, kinds: Iterable[EntityKind], limit: int) -> None:
        self._ledger = ledger
        self._limit = limit
        self._decode = {kind.name: decoder(kind) for kind in kinds}
        self._decoded: dict[str, Cached] = {}
        self._encoded: dict[str, Cached] = {}

    def take(self, names: Iterable[str]) -> tuple[dict[str, Versioned], list[str]]:
        """What is cached of these entities, and the names of the others. It leaves the cache until `put`."""
        decoded, encoded = self._decoded, self._encoded
        found: dict[str, Versioned] = {}
        to_decode: list[tuple[str, str, bytes]] = []
        missing: list[str] = []
        for name in names:
            if (entry := decoded.pop(name, None)) is not None:
                found[name] = entry[:2]
            elif (entry := encoded.pop(name, None)) is None:
                missing.append(name)
            elif (value := entry[2]) is None:
                found[name] = entry[:2]
            else:
                to_decode.append((name, entry[0], value))
        return found | self._decode_all(to_decode), missing

    async def load(self, names: Sequence[str]) -> dict[str, Versioned]:
        """What is stored of these entities."""
        stored = dict(zip(names, await self._ledger.load(names), strict=True))
        found: dict[str, Versioned] = {name: ("", None) for name, entry in stored.items() if entry is None}
        return found | self._decode_all([(name, *entry) for name, entry in stored.items() if entry is not None])

    def _decode_all(self, encoded: Sequence[tuple[str, str, bytes]]) -> dict[str, Versioned]:
        """Entities by name, from their names, versions and stored values."""
        states = [decompressed(value) for _, _, value in encoded]
        return {
            name: (version, self._decode[kind_of_name(name)](state))
            for (name, version, _), state in zip(encoded, states, strict=True)
        }

    def put(self, entries: Mapping[str, Cached]) -> None:
        """Cache entities for the next batch. Those of the commit under way are kept beyond the limit."""
        decoded, encoded = self._decoded, self._encoded
        surplus = len(encoded) + len(decoded) - self._limit
        # In one pass each: finding the first key over and over looks at every deleted one before it.
        for cache in (encoded, decoded):
            forgotten = [*islice(cache, max(0, surplus))]
            for name in forgotten:
                del cache[name]
            surplus -= len(forgotten)
        for name in [*islice(decoded, max(0, len(decoded) - _MOST_DECODED))]:
            version, stored, value = decoded.pop(name)
            encoded[name] = version, stored if value is None else None, value
        decoded.update(entries)

    def drop(self, entries: Mapping[str, Cached]) -> None:
        """Forget entries that did not come to be."""
        decoded = self._decoded
        for name, entry in entries.items():
            if decoded.get(name) is entry:
                del decoded[name]

    def clear(self) -> None:
        """Forget everything."""
        self._decoded.clear()
        self._encoded.clear()
