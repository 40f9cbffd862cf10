"""The hot path: a batch is decoded, folded and committed by one script of the store."""

import logging
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from stream_app.core.deltas import Bucketizer
from stream_app.core.entity import EntityKind, Fold, FoldStats
from stream_app.core.envelope import Decoder, Event, Rejected
from stream_app.core.facts import FoldSettings
from stream_app.core.windows import Clock
from stream_app.spec.metric import Metric
from stream_app.spec.window import Grain
from stream_app.store.ledger import (
    Commit,
    DefinitionsDifferError,
    Inexact,
    Ledger,
    NewGeneration,
    WrongOffset,
    WrongVersion,
)
from stream_app.worker.batch import Batch, RecordLike, split
from stream_app.worker.decoding import Decoded, decode
from stream_app.worker.entities import Cached, Entities
from stream_app.worker.folding import Folding
from stream_app.worker.rejection_limit import RejectionLimit
from stream_app.worker.result import Applied, ReadFrom, Result, TryAgain
from stream_app.worker.telemetry import Telemetry

log = logging.getLogger(__name__)


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


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch that is folded but not committed; the entities are as they will be, with the version each will have."""

    decoded: Decoded
    commit: Commit
    entities: Mapping[str, Cached]
    stats: FoldStats


@dataclass(frozen=True, slots=True)
class Failed:
    """A batch that could not be prepared."""

    batch: Batch
    error: Exception


_INEXACT = OverflowError("a sum would be larger than what the store adds exactly")


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
        cached_entities: int,
        on_obsolete: Callable[[DefinitionsDifferError], None] = _ignore,
    ) -> None:
        self._model = model
        self._bucketizer = Bucketizer(model.metrics, model.rules.calendar)
        self._ledger = ledger
        self._dead_letters = dead_letters
        self._rejection_limit = rejection_limit
        self._telemetry = telemetry
        self._entities = Entities(ledger, model.kind_of.values(), cached_entities)
        self._on_obsolete = on_obsolete

    async def prepare(self, batch: Batch) -> Prepared | Failed:
        """Decode and fold a batch, as if everything handed to `apply` before had been applied."""
        try:
            return await self._fold(decode(batch, self._model.decoder, self._model.kind_of))
        except Exception as error:
            if not _comes_from_input(error):
                raise
            return Failed(batch, error)

    async def apply(self, prepared: Prepared | Failed) -> Result:
        """Commit a batch. What cannot be applied is looked for in ever smaller parts, and goes to the dead letters."""
        if isinstance(prepared, Failed):
            return await self._apply_in_parts(prepared.batch, prepared.error)
        try:
            result = await self._apply(prepared)
        except Exception as error:
            if not _comes_from_input(error):
                raise
            self._entities.drop(prepared.entities)
            return await self._apply_in_parts(prepared.decoded.batch, error)
        if isinstance(result, Inexact):
            self._entities.drop(prepared.entities)
            return await self._apply_in_parts(prepared.decoded.batch, _INEXACT)
        return result

    async def _apply_in_parts(self, batch: Batch, error: Exception) -> Result:
        if len(batch.records) > 1:
            for part in split(batch, (len(batch.records) + 1) // 2):
                result = await self.apply(await self.prepare(part))
                if not isinstance(result, Applied):
                    return result
            return Applied()
        if not batch.records:
            raise error
        reason = Rejected("bug", f"{type(error).__name__} in {_place(error)}")
        log.error(
            "%s[%d]: offset %d cannot be applied and goes to the dead letters: %s. This is a bug: please report it",
            batch.topic,
            batch.partition,
            batch.records[0].offset,
            reason.detail,
        )
        rejected = Decoded(batch, {}, (), (), [(batch.records[0], reason)], -1)
        outcome = await self._apply(await self._fold(rejected))
        if isinstance(outcome, Inexact):
            raise error
        return outcome

    async def _apply(self, prepared: Prepared) -> Result | Inexact:
        """Commit a batch, and fold it again as long as other workers change its entities meanwhile."""
        decoded = prepared.decoded
        batch, rejected = decoded.batch, decoded.rejected
        self._entities.put(prepared.entities)
        if not self._rejection_limit.admits(batch.topic, decoded.judged, len(rejected)):
            self._entities.drop(prepared.entities)
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
                    self._rejection_limit.count(batch.topic, decoded.judged, len(rejected))
                    self._telemetry.applied(batch, prepared.stats, rejected, decoded.newest)
                    self._telemetry.skipped(batch.topic, decoded.tombstones)
                    return outcome
                case Inexact():
                    return outcome
                case WrongVersion(keys):
                    self._telemetry.conflict("version")
                    log.info("%d entities were changed by another worker, folding again", len(keys))
                    self._entities.drop(prepared.entities)
                    prepared = await self._fold(decoded)
                    self._entities.put(prepared.entities)
                case WrongOffset(stored):
                    self._telemetry.conflict("offset")
                    log.info(
                        "%s[%d]: the ledger expects offset %d and not %d: reading from there",
                        batch.topic,
                        batch.partition,
                        stored,
                        batch.begin,
                    )
                    self._entities.drop(prepared.entities)
                    return ReadFrom(stored)
                case NewGeneration():
                    log.info("a rebuild has switched generations: reading from where the new one says")
                    self._entities.clear()
                    stored_now = await self._ledger.positions([batch.source])
                    return ReadFrom(stored_now.get(batch.source, 0))

    async def _fold(self, decoded: Decoded) -> Prepared:
        batch, rules = decoded.batch, self._model.rules
        folding = Folding(decoded, self._entities, Fold(rules))
        await folding.run()
        newest: dict[Grain, int] = {}
        if decoded.newest >= 0:
            clock = Clock.at(decoded.newest, rules.calendar)
            newest = {grain: clock.running(grain) for grain in Grain}
        cells = self._bucketizer.cells(folding.fold.delta, newest)
        commit = Commit(folding.version, batch.source, batch.begin, batch.end, folding.states, cells, newest)
        return Prepared(decoded, commit, folding.entities, folding.fold.stats)


def _comes_from_input(error: Exception) -> bool:
    """Whether the records may be at fault, and not the machine or the definitions."""
    others = (DefinitionsDifferError, MemoryError, OSError)
    if isinstance(error, ExceptionGroup):
        return error.subgroup(others) is None
    return not isinstance(error, others)


def _place(error: Exception) -> str:
    """Where an exception was raised; its text may hold what a record says."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "commit.lua"
