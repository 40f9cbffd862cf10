"""The hot path: a batch is decoded, folded and committed by one script of the store."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from stream_app.core.deltas import Bucketizer
from stream_app.core.entity import EntityKind, Fold, FoldStats
from stream_app.core.envelope import Decoder, Event, Rejected
from stream_app.core.facts import FoldSettings
from stream_app.core.windows import Clock
from stream_app.spec.metric import Metric
from stream_app.spec.window import Grain
from stream_app.store.keys import entity_name
from stream_app.store.ledger import (
    Commit,
    DefinitionsDifferError,
    Ledger,
    NewGeneration,
    State,
    WrongOffset,
    WrongVersion,
    new_version,
)
from stream_app.worker.batch import Batch, RecordLike
from stream_app.worker.rejection_limit import RejectionLimit
from stream_app.worker.result import Applied, ReadFrom, Result, TryAgain
from stream_app.worker.telemetry import Telemetry

log = logging.getLogger(__name__)

_ENTITIES_PER_TURN = 50
"""How many entities are folded before the event loop may run: the commit before has megabytes to send meanwhile."""

_FIRST_TIMESTAMP_MS = 946_684_800_000
"""The year 2000: a record timestamp before it comes from no clock."""


@dataclass(frozen=True, slots=True)
class Model:
    """The catalog as the hot path needs it."""

    decoder: Decoder
    kind_of: Mapping[type[Event], EntityKind]
    metrics: Sequence[Metric]
    rules: FoldSettings


class DeadLetters(Protocol):
    """Where rejected records go."""

    async def send(self, batch: Batch, rejected: Sequence[tuple[RecordLike, Rejected]]) -> None:
        """Return when all of them are safely written."""


def present(timestamp: int, now: int) -> int:
    """What "now" was for a record (milliseconds): when it was written, so that a replay judges the future alike."""
    return min(timestamp, now) if timestamp > _FIRST_TIMESTAMP_MS else now


@dataclass(frozen=True, slots=True)
class Decoded:
    """A batch by entity: the events of each entity in the order of the log, and the rejected records."""

    batch: Batch
    groups: Mapping[str, tuple[EntityKind, str, list[tuple[int, Event]]]]
    rejected: Sequence[tuple[RecordLike, Rejected]]
    newest: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch that is folded but not committed; the entities are as they will be, with the version each will have."""

    decoded: Decoded
    commit: Commit
    entities: Mapping[str, tuple[str, Any]]
    stats: FoldStats


def _ignore(_: DefinitionsDifferError) -> None:
    pass


class Pipeline:
    """Applies batches one after another; the next one may be prepared while the one before it is applied.

    The entities that it keeps are a cache that may be wrong or lost at any time: the ledger refuses what was computed
    from anything but the stored ones. So a batch may be prepared on top of a commit that is not answered yet.
    """

    def __init__(
        self,
        model: Model,
        ledger: Ledger,
        dead_letters: DeadLetters,
        rejection_limit: RejectionLimit,
        telemetry: Telemetry,
        *,
        cached_entities: int = 20_000,
        on_obsolete: Callable[[DefinitionsDifferError], None] = _ignore,
    ) -> None:
        self._model = model
        self._bucketizer = Bucketizer(model.metrics, model.rules.calendar)
        self._ledger = ledger
        self._dead_letters = dead_letters
        self._rejection_limit = rejection_limit
        self._telemetry = telemetry
        self._cache: dict[str, tuple[str, Any]] = {}
        self._cached_entities = cached_entities
        self._on_obsolete = on_obsolete
        self._decode_state = {kind.name: msgspec.msgpack.Decoder(kind.state).decode for kind in model.kind_of.values()}

    async def prepare(self, batch: Batch) -> Prepared:
        """Decode and fold a batch, as if everything handed to `apply` before had been applied."""
        return await self._fold(self._decode(batch))

    async def apply(self, prepared: Prepared) -> Result:
        """Commit a batch, and fold it again as long as other workers change its entities meanwhile."""
        decoded = prepared.decoded
        batch, rejected = decoded.batch, decoded.rejected
        self._put_into_cache(prepared)
        if not self._rejection_limit.admits(batch.topic, len(batch.records), len(rejected)):
            self._drop_from_cache(prepared)
            return TryAgain()
        if rejected:
            await self._dead_letters.send(batch, rejected)
        while True:
            started = time.perf_counter()
            try:
                outcome = await self._ledger.commit(prepared.commit)
            except DefinitionsDifferError as error:
                # A rebuild has put numbers of other definitions into service: this process is of the old ones.
                self._on_obsolete(error)
                return TryAgain()
            self._telemetry.committed(time.perf_counter() - started)
            match outcome:
                case Applied():
                    self._rejection_limit.count(batch.topic, len(batch.records), len(rejected))
                    self._telemetry.applied(batch, prepared.stats, rejected, decoded.newest)
                    return outcome
                case WrongVersion(keys):
                    self._telemetry.conflict("version")
                    log.info("%d entities were changed by another worker, folding again", len(keys))
                    self._drop_from_cache(prepared)
                    prepared = await self._fold(decoded)
                    self._put_into_cache(prepared)
                case WrongOffset(stored):
                    self._telemetry.conflict("offset")
                    log.info(
                        "%s[%d]: the ledger expects offset %d and not %d: reading from there",
                        batch.topic,
                        batch.partition,
                        stored,
                        batch.begin,
                    )
                    self._drop_from_cache(prepared)
                    return ReadFrom(stored)
                case NewGeneration():
                    log.info("a rebuild has switched generations: reading from where the new one says")
                    self._cache.clear()
                    stored_now = await self._ledger.positions([batch.source])
                    return ReadFrom(stored_now.get(batch.source, 0))

    def _decode(self, batch: Batch) -> Decoded:
        now = int(time.time() * 1000)
        decode, kind_of = self._model.decoder.decode, self._model.kind_of
        groups: dict[str, tuple[EntityKind, str, list[tuple[int, Event]]]] = {}
        rejected: list[tuple[RecordLike, Rejected]] = []
        newest = -1
        for record in batch.records:
            result = decode(record, present(record.timestamp, now))
            if isinstance(result, Rejected):
                rejected.append((record, result))
                continue
            at, event = result
            newest = max(newest, at)
            kind = kind_of[type(event)]
            key = getattr(event.data, kind.key)
            name = entity_name(kind.name, key)
            group = groups.get(name)
            if group is None:
                groups[name] = (kind, key, [result])
            else:
                group[2].append(result)
        return Decoded(batch, groups, rejected, newest)

    async def _fold(self, decoded: Decoded) -> Prepared:
        batch, rules, tag = decoded.batch, self._model.rules, new_version()
        fold = Fold(rules)
        states: list[State] = []
        entities: dict[str, tuple[str, Any]] = {}

        async def fold_each(versions: Mapping[str, tuple[str, Any]]) -> None:
            for number, (name, (version, entity)) in enumerate(versions.items()):
                kind, key, events = decoded.groups[name]
                after = fold.apply(kind, entity, key, events)
                entities[name] = ("" if after is None else tag, after)
                if version or after is not None:
                    states.append(State(name, version, None if after is None else kind.encode(after)))
                if number % _ENTITIES_PER_TURN == 0:
                    await asyncio.sleep(0)

        known, missing = self._take_from_cache(decoded.groups)
        # The store answers after the commit before this one; the cached entities are folded meanwhile.
        async with asyncio.TaskGroup() as group:
            loading = group.create_task(self._load(decoded, missing))
            await fold_each(known)
        await fold_each(loading.result())
        newest: dict[Grain, int] = {}
        if decoded.newest >= 0:
            clock = Clock.at(decoded.newest, rules.calendar)
            newest = {grain: clock.running(grain) for grain in Grain}
        cells = self._bucketizer.cells(fold.delta, newest)
        commit = Commit(tag, batch.source, batch.begin, batch.end, states, cells, newest)
        return Prepared(decoded, commit, entities, fold.stats)

    def _take_from_cache(self, names: Iterable[str]) -> tuple[dict[str, tuple[str, Any]], list[str]]:
        """Version and state of these entities, and the names of those not in the cache. They leave it until `apply`."""
        known: dict[str, tuple[str, Any]] = {}
        missing: list[str] = []
        for name in names:
            entry = self._cache.pop(name, None)
            if entry is None:
                missing.append(name)
            else:
                known[name] = entry
        return known, missing

    async def _load(self, decoded: Decoded, names: Sequence[str]) -> dict[str, tuple[str, Any]]:
        """Version and state of these entities as they are stored."""
        found: dict[str, tuple[str, Any]] = {}
        for name, stored in zip(names, await self._ledger.load(names), strict=True):
            kind = decoded.groups[name][0]
            found[name] = ("", None) if stored is None else (stored[0], self._decode_state[kind.name](stored[1]))
        return found

    def _put_into_cache(self, prepared: Prepared) -> None:
        """Cache the entities for the next batch. Those of the commit under way are kept beyond the limit."""
        cache = self._cache
        while len(cache) > self._cached_entities:
            del cache[next(iter(cache))]
        cache.update(prepared.entities)

    def _drop_from_cache(self, prepared: Prepared) -> None:
        cache = self._cache
        for name, entry in prepared.entities.items():
            if cache.get(name) is entry:
                del cache[name]
