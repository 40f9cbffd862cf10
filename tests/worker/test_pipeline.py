"""A batch is prepared while the one before it is applied, and whatever its result, each event counts once."""

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
from stream_app.core.long_timelines import LONG
from stream_app.demo.simulator import Plan, history, records
from stream_app.store.ledger import Commit, Ledger, Verdict
from stream_app.worker.batch import Batch, Record, split
from stream_app.worker.pipeline import Pipeline
from stream_app.worker.result import Applied, ReadFrom
from stream_app.worker.telemetry import Telemetry
from tests.core.long_timelines import long_from
from tests.lanes import first_is_quick
from tests.laws.memory import by_name
from tests.laws.test_laws import NOT_RECOUNTED
from tests.monitoring.dashboards.site import samples
from tests.oracle import recount
from tests.worker.pipelines import pipeline_of
from tests.worker.workers import on_a_loop

_UNTIL = datetime(2025, 6, 18, 15, 30, tzinfo=UTC)
_NOW = int(_UNTIL.timestamp() * 1000)


class _WaitingLedger(Ledger):
    """Commits wait for an event."""

    may_commit: asyncio.Event

    async def commit(self, commit: Commit) -> Verdict:
        await self.may_commit.wait()
        return await super().commit(commit)


@dataclass
class _Process:
    """A worker without its consumer, and how often the ledger refused it."""

    pipeline: Pipeline
    ledger: Ledger
    telemetry: Telemetry
    may_commit: asyncio.Event

    @property
    def conflicts(self) -> dict[str, float]:
        name = "stream_app_commit_conflicts_total"
        found = {kind: self.telemetry.registry.get_sample_value(name, {"kind": kind}) for kind in ("offset", "version")}
        return {kind: count for kind, count in found.items() if count}


def _process(redis: Redis, settings: Settings, cached_entities: int) -> _Process:
    ledger = _WaitingLedger(redis, settings.namespace, fingerprint(settings.rules))
    ledger.may_commit = asyncio.Event()
    ledger.may_commit.set()
    telemetry = Telemetry()
    return _Process(pipeline_of(settings, ledger, telemetry, cached_entities), ledger, telemetry, ledger.may_commit)


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
async def test_a_batch_is_prepared_on_top_of_the_commit_before_it(settings: Settings, cached_entities: int) -> None:
    async with _processes(settings, 1, cached_entities) as [process]:
        pipeline, may_commit = process.pipeline, process.may_commit
        first, second = _batch("lead", 0, _CREATED, _STAGE), _batch("email", 0, _SENT, _OPENED)
        may_commit.clear()
        applying = asyncio.create_task(pipeline.apply(await pipeline.prepare(first)))
        await asyncio.sleep(0)
        prepared = await pipeline.prepare(second)
        assert not applying.done()
        may_commit.set()
        assert await applying == Applied()
        assert await pipeline.apply(prepared) == Applied()
        assert process.conflicts == {}
    assert _numbers(settings) == _recounted([_CREATED, _STAGE, _SENT, _OPENED])


@on_a_loop
async def test_a_batch_prepared_on_top_of_a_refused_commit_is_folded_again(settings: Settings) -> None:
    async with _processes(settings, 2) as [process, other]:
        pipeline, may_commit = process.pipeline, process.may_commit
        assert await pipeline.apply(await pipeline.prepare(_batch("lead", 0, _CREATED))) == Applied()
        may_commit.clear()
        applying = asyncio.create_task(pipeline.apply(await pipeline.prepare(_batch("lead", 1, _STAGE))))
        await asyncio.sleep(0)
        prepared = await pipeline.prepare(_batch("email", 0, _SENT, _OPENED))
        assert await other.pipeline.apply(await other.pipeline.prepare(_batch("elsewhere", 0, _STATUS))) == Applied()
        may_commit.set()
        assert await applying == Applied()
        assert await pipeline.apply(prepared) == Applied()
        assert process.conflicts == {"version": 2}
    assert _numbers(settings) == _recounted([_CREATED, _STAGE, _SENT, _OPENED, _STATUS])


@on_a_loop
async def test_a_batch_prepared_on_top_of_a_duplicate_counts_once(settings: Settings) -> None:
    async with _processes(settings, 2) as [process, other]:
        pipeline, may_commit = process.pipeline, process.may_commit
        first = _batch("lead", 0, _CREATED, _STAGE)
        may_commit.clear()
        applying = asyncio.create_task(pipeline.apply(await pipeline.prepare(first)))
        await asyncio.sleep(0)
        prepared = await pipeline.prepare(_batch("email", 0, _SENT))
        assert await other.pipeline.apply(await other.pipeline.prepare(_batch("lead", 0, _CREATED))) == Applied()
        may_commit.set()
        assert await applying == ReadFrom(1)
        assert await pipeline.apply(prepared) == Applied()
        assert await pipeline.apply(await pipeline.prepare(_batch("lead", 1, _STAGE))) == Applied()
        assert process.conflicts == {"offset": 1, "version": 1}
    assert _numbers(settings) == _recounted([_CREATED, _STAGE, _SENT])


@on_a_loop
async def test_a_lead_erased_by_a_pending_commit_is_unknown_to_the_next_batch(settings: Settings) -> None:
    erased, again = _event(6, "lead.erased"), _event(7, "lead.created", source="fair")
    async with _processes(settings, 1) as [process]:
        pipeline, may_commit = process.pipeline, process.may_commit
        assert await pipeline.apply(await pipeline.prepare(_batch("lead", 0, _CREATED))) == Applied()
        may_commit.clear()
        applying = asyncio.create_task(pipeline.apply(await pipeline.prepare(_batch("lead", 1, erased))))
        await asyncio.sleep(0)
        prepared = await pipeline.prepare(_batch("elsewhere", 0, again))
        may_commit.set()
        assert await applying == Applied()
        assert await pipeline.apply(prepared) == Applied()
        assert process.conflicts == {}
    # What was counted before an erasure stays counted, and what comes after it is of a lead like any other.
    somebody_else = _event(1, "lead.created", source="web", lead_id="k")
    assert _numbers(settings) == _recounted([somebody_else, again])


@dataclass
class _Reader:
    """Reads every partition as a worker does, and prepares each batch while the one before it is applied."""

    process: _Process
    log: Mapping[tuple[str, int], Sequence[Record]]
    rng: random.Random
    positions: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))

    async def read_all(self) -> None:
        applying: asyncio.Task[None] | None = None
        while source := self._next_source():
            batch = self._next_batch(source)
            prepared = await self.process.pipeline.prepare(batch)
            if applying:
                await applying
            if batch.begin == self.positions[source]:
                applying = asyncio.create_task(self._apply(batch, prepared))
                await asyncio.sleep(0)
            if applying and not self._next_source():
                await applying

    def _next_source(self) -> tuple[str, int] | None:
        behind = [source for source, written in self.log.items() if self.positions[source] < len(written)]
        return self.rng.choice(behind) if behind else None

    def _next_batch(self, source: tuple[str, int]) -> Batch:
        begin, written = self.positions[source], self.log[source]
        whole = Batch(*source, begin, len(written), written[begin:])
        return next(split(whole, self.rng.choice([1, 20, 150])))

    async def _apply(self, batch: Batch, prepared: Any) -> None:  # noqa: ANN401
        self.positions[batch.source] = batch.end
        result = await self.process.pipeline.apply(prepared)
        if isinstance(result, ReadFrom):
            self.positions[batch.source] = result.offset


def _merges(rng: random.Random, events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Merges of a third of the leads and accounts of some events, in chains and circles."""
    found: list[dict[str, Any]] = []
    for field_, type_ in (("lead_id", "lead.merged"), ("account_id", "account.merged")):
        ids = sorted({event["data"][field_] for event in events if field_ in event["data"]})
        for _ in range(len(ids) // 3):
            first, second = rng.sample(ids, 2)
            data = {field_: first, "merged_id": second}
            found.append(_event(0, type_) | {"id": f"{type_}{len(found)}", "data": data})
    return found


@pytest.mark.parametrize("rows", [2, LONG])
@pytest.mark.parametrize("seed", first_is_quick(range(3)))
@on_a_loop
async def test_two_processes_that_both_read_everything_with_merges_count_it_once(
    settings: Settings, seed: int, rows: int
) -> None:
    rng = random.Random(seed)  # noqa: S311 - not a secret
    events = list(history(Plan(seed=seed, leads=40, days=60, until=_UNTIL)))
    events += _merges(rng, events)
    rng.shuffle(events)
    log: dict[tuple[str, int], list[Record]] = defaultdict(list)
    for event in events:
        part = log[event["type"].partition(".")[0], rng.randrange(2)]
        part.append(Record(len(part), _NOW, None, orjson.dumps(event)))
    with long_from(rows):
        async with _processes(settings, 2) as both:
            await asyncio.gather(*(_Reader(process, log, rng).read_all() for process in both))
    assert both[0].conflicts or both[1].conflicts
    assert _numbers(settings) == _recounted(events)


@pytest.mark.parametrize("rows", [2, LONG])
@pytest.mark.parametrize("seed", first_is_quick(range(3)))
@on_a_loop
async def test_two_processes_that_both_read_everything_count_it_once(settings: Settings, seed: int, rows: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - not a secret
    plan = Plan(seed=seed, leads=40, days=60, until=_UNTIL)
    written = list(records(plan, history(plan)))
    log: dict[tuple[str, int], list[Record]] = defaultdict(list)
    for record in written:
        # A lead's events are spread over partitions, so that batches of different partitions meet in it.
        part = log[record.family, rng.randrange(2)]
        part.append(Record(len(part), _NOW, None, record.value))
    with long_from(rows):
        async with _processes(settings, 2) as both:
            await asyncio.gather(*(_Reader(process, log, rng).read_all() for process in both))
            stored = await both[0].ledger.positions(log)
    assert stored == {source: len(part) for source, part in log.items()}
    assert both[0].conflicts or both[1].conflicts
    assert _numbers(settings) == _recounted([orjson.loads(record.value) for record in written])
