"""A batch is folded while the one before it is committed, and whatever becomes of that, the numbers are the same."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from stream_app.catalog.fingerprint import fingerprint
from stream_app.clients.connections import async_redis
from stream_app.clients.settings import Settings
from stream_app.demo.simulator import Plan, history, records
from stream_app.store.ledger import Commit, Ledger, Verdict
from stream_app.worker.batch import Batch, Record, split
from stream_app.worker.pipeline import Pipeline
from stream_app.worker.telemetry import Telemetry
from tests.laws.memory import by_name
from tests.laws.test_laws import NOT_RECOUNTED
from tests.monitoring.dashboards.site import samples
from tests.oracle import recount
from tests.worker.pipelines import pipeline_of
from tests.worker.workers import on_a_loop

_UNTIL = datetime(2025, 6, 18, 15, 30, tzinfo=UTC)
_NOW = int(_UNTIL.timestamp() * 1000)


class _Held(Ledger):
    """Commits wait at the gate."""

    gate: asyncio.Event

    async def commit(self, commit: Commit) -> Verdict:
        await self.gate.wait()
        return await super().commit(commit)


@dataclass
class _Process:
    """A worker without its consumer, and how often the ledger refused it."""

    pipeline: Pipeline
    telemetry: Telemetry
    gate: asyncio.Event

    @property
    def conflicts(self) -> dict[str, float]:
        name = "stream_app_commit_conflicts_total"
        found = {kind: self.telemetry.registry.get_sample_value(name, {"kind": kind}) for kind in ("offset", "version")}
        return {kind: count for kind, count in found.items() if count}


def _process(redis: Redis, settings: Settings, cached_entities: int) -> _Process:
    ledger = _Held(redis, settings.namespace, fingerprint(settings.rules))
    ledger.gate = asyncio.Event()
    ledger.gate.set()
    telemetry = Telemetry()
    return _Process(pipeline_of(settings, ledger, telemetry, cached_entities), telemetry, ledger.gate)


@pytest.fixture
def settings(redis_url: str, namespace: str) -> Settings:
    return Settings.load(redis_url=redis_url, namespace=namespace)


@asynccontextmanager
async def _processes(settings: Settings, count: int, cached_entities: int = 100) -> AsyncIterator[list[_Process]]:
    async with async_redis(settings) as redis:
        yield [_process(redis, settings, cached_entities) for _ in range(count)]


def _event(number: int, kind: str, **data: Any) -> dict[str, Any]:  # noqa: ANN401
    time = f"2025-06-18T15:{number:02}:00Z"
    return {"specversion": "1.0", "id": f"e{number}", "type": kind, "time": time, "data": {"lead_id": "l", **data}}


def _batch(topic: str, begin: int, *events: dict[str, Any]) -> Batch:
    written = [Record(begin + number, _NOW, None, orjson.dumps(event)) for number, event in enumerate(events)]
    return Batch(topic, 0, begin, begin + len(written), written)


def _numbers(settings: Settings) -> Mapping[Any, float]:
    found = by_name(samples(settings, _NOW))
    return {key: value for key, value in found.items() if key[0] not in NOT_RECOUNTED}


def _recounted(events: Sequence[dict[str, Any]]) -> Mapping[Any, float]:
    return {key: value for key, value in recount(events, as_of=_UNTIL).items() if value}


_CREATED = _event(1, "lead.created", source="web")
_STAGE = _event(2, "lead.stage_changed", to="mql")
_SENT = _event(3, "email.sent", message_id="m", program_id="p")
_OPENED = _event(4, "email.opened", message_id="m", program_id="p")
_STATUS = _event(5, "lead.status_changed", to="not_ready")


@pytest.mark.parametrize("cached_entities", [0, 100])
@on_a_loop
async def test_a_fold_takes_the_commit_before_it_for_granted(settings: Settings, cached_entities: int) -> None:
    async with _processes(settings, 1, cached_entities) as [process]:
        pipeline, gate = process.pipeline, process.gate
        first, second = _batch("lead", 0, _CREATED, _STAGE), _batch("email", 0, _SENT, _OPENED)
        gate.clear()
        committing = asyncio.create_task(pipeline.commit(await pipeline.fold(first)))
        await asyncio.sleep(0)
        folded = await pipeline.fold(second)
        assert not committing.done()
        gate.set()
        assert await committing == first.end
        assert await pipeline.commit(folded) == second.end
        assert process.conflicts == {}
    assert _numbers(settings) == _recounted([_CREATED, _STAGE, _SENT, _OPENED])


@on_a_loop
async def test_what_was_folded_over_a_commit_that_is_refused_is_folded_again(settings: Settings) -> None:
    async with _processes(settings, 2) as [process, other]:
        pipeline, gate = process.pipeline, process.gate
        assert await pipeline.commit(await pipeline.fold(_batch("lead", 0, _CREATED))) == 1
        gate.clear()
        committing = asyncio.create_task(pipeline.commit(await pipeline.fold(_batch("lead", 1, _STAGE))))
        await asyncio.sleep(0)
        folded = await pipeline.fold(_batch("email", 0, _SENT, _OPENED))
        assert await other.pipeline.commit(await other.pipeline.fold(_batch("elsewhere", 0, _STATUS))) == 1
        gate.set()
        assert await committing == 2
        assert await pipeline.commit(folded) == 2
        assert process.conflicts == {"version": 2}
    assert _numbers(settings) == _recounted([_CREATED, _STAGE, _SENT, _OPENED, _STATUS])


@on_a_loop
async def test_what_was_folded_over_a_batch_that_came_twice_counts_once(settings: Settings) -> None:
    async with _processes(settings, 2) as [process, other]:
        pipeline, gate = process.pipeline, process.gate
        first = _batch("lead", 0, _CREATED, _STAGE)
        gate.clear()
        committing = asyncio.create_task(pipeline.commit(await pipeline.fold(first)))
        await asyncio.sleep(0)
        folded = await pipeline.fold(_batch("email", 0, _SENT))
        assert await other.pipeline.commit(await other.pipeline.fold(_batch("lead", 0, _CREATED))) == 1
        gate.set()
        assert await committing == 1
        assert await pipeline.commit(folded) == 1
        assert await pipeline.commit(await pipeline.fold(_batch("lead", 1, _STAGE))) == 2
        assert process.conflicts == {"offset": 1, "version": 1}
    assert _numbers(settings) == _recounted([_CREATED, _STAGE, _SENT])


@on_a_loop
async def test_a_lead_that_is_erased_by_a_commit_under_way_is_not_found_by_the_next_fold(settings: Settings) -> None:
    erased, again = _event(6, "lead.erased"), _event(7, "lead.created", source="fair")
    async with _processes(settings, 1) as [process]:
        pipeline, gate = process.pipeline, process.gate
        assert await pipeline.commit(await pipeline.fold(_batch("lead", 0, _CREATED))) == 1
        gate.clear()
        committing = asyncio.create_task(pipeline.commit(await pipeline.fold(_batch("lead", 1, erased))))
        await asyncio.sleep(0)
        folded = await pipeline.fold(_batch("elsewhere", 0, again))
        gate.set()
        assert await committing == 2
        assert await pipeline.commit(folded) == 1
        assert process.conflicts == {}
    # What was counted before an erasure stays counted, and what comes after it is of a lead like any other.
    somebody_else = _event(1, "lead.created", source="web", lead_id="k")
    assert _numbers(settings) == _recounted([somebody_else, again])


@dataclass
class _Reader:
    """Reads every partition as a worker does, and folds each batch while the one before it is committed."""

    process: _Process
    log: Mapping[tuple[str, int], Sequence[Record]]
    chance: random.Random
    positions: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))

    async def read(self) -> None:
        committing: asyncio.Task[None] | None = None
        while source := self._somewhere():
            batch = self._next(source)
            folded = await self.process.pipeline.fold(batch)
            if committing:
                await committing
            if batch.begin == self.positions[source]:
                committing = asyncio.create_task(self._commit(batch, folded))
                await asyncio.sleep(0)
            if committing and not self._somewhere():
                await committing

    def _somewhere(self) -> tuple[str, int] | None:
        behind = [source for source, written in self.log.items() if self.positions[source] < len(written)]
        return self.chance.choice(behind) if behind else None

    def _next(self, source: tuple[str, int]) -> Batch:
        begin, written = self.positions[source], self.log[source]
        whole = Batch(*source, begin, len(written), written[begin:])
        return next(split(whole, self.chance.choice([1, 20, 150])))

    async def _commit(self, batch: Batch, folded: Any) -> None:  # noqa: ANN401
        self.positions[batch.source] = batch.end
        self.positions[batch.source] = await self.process.pipeline.commit(folded)


@pytest.mark.parametrize("seed", range(3))
@on_a_loop
async def test_two_processes_that_both_read_everything_count_it_once(settings: Settings, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - not a secret
    plan = Plan(seed=seed, leads=40, days=60, until=_UNTIL)
    written = list(records(plan, history(plan)))
    log: dict[tuple[str, int], list[Record]] = defaultdict(list)
    for record in written:
        # A lead's events are spread over partitions, so that batches of different partitions meet in it.
        part = log[record.family, chance.randrange(2)]
        part.append(Record(len(part), _NOW, None, record.value))
    async with _processes(settings, 2) as both:
        await asyncio.gather(*(_Reader(process, log, chance).read() for process in both))
        stored = await both[0].pipeline.positions(log)
    assert stored == {source: len(part) for source, part in log.items()}
    assert both[0].conflicts or both[1].conflicts
    assert _numbers(settings) == _recounted([orjson.loads(record.value) for record in written])
