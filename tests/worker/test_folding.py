"""Merges on a real Redis: whatever a worker believes of a pointer, each event goes to the entity that lists its id."""

import asyncio
from typing import Any

import pytest
from redis import Redis

from stream_app.clients.settings import Settings
from stream_app.core.stored_form import decompressed
from stream_app.store.generations import serving_keys
from stream_app.store.ledger import split_value
from stream_app.worker import entities
from stream_app.worker.result import Applied
from tests.worker.test_pipeline import _batch, _event, _numbers, _Process, _processes, _recounted
from tests.worker.workers import on_a_loop


@pytest.fixture
def settings(redis_url: str, namespace: str) -> Settings:
    return Settings.load(redis_url=redis_url, namespace=namespace)


@pytest.fixture(autouse=True, params=[5000, 0])
def _most_decoded(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many entities are cached as they are; with none all are decoded again."""
    monkeypatch.setattr(entities, "_MOST_DECODED", request.param)


def _created(number: int, lead: str) -> dict[str, Any]:
    return _event(number, "lead.created", source="web", lead_id=lead)


def _merged(number: int, lead: str, other: str) -> dict[str, Any]:
    return _event(number, "lead.merged", lead_id=lead, merged_id=other)


def _stage(number: int, lead: str, to: str = "sal") -> dict[str, Any]:
    return _event(number, "lead.stage_changed", lead_id=lead, to=to)


def _erased(number: int, lead: str) -> dict[str, Any]:
    return _event(number, "lead.erased", lead_id=lead)


class _Log:
    """What all processes were given, each batch on a topic of its own."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self._batches = 0

    async def apply(self, process: _Process, *events: dict[str, Any]) -> None:
        assert await process.pipeline.apply(await process.pipeline.prepare(self.batch(*events))) == Applied()

    def batch(self, *events: dict[str, Any]) -> Any:  # noqa: ANN401 - as `_batch`
        self.events += events
        self._batches += 1
        return _batch(f"t{self._batches}", 0, *events)


@pytest.mark.parametrize("cached_entities", [0, 100])
@on_a_loop
async def test_a_merge_takes_effect_for_every_process(settings: Settings, cached_entities: int) -> None:
    log = _Log()
    async with _processes(settings, 2, cached_entities) as [one, two]:
        await log.apply(one, _created(1, "a"), _stage(2, "a"))
        await log.apply(two, _created(3, "b"))
        await log.apply(one, _merged(4, "b", "a"))
        # The other process still has `b` as an entity of its own.
        await log.apply(two, _stage(5, "b", "opportunity"))
        await log.apply(one, _stage(6, "a", "lead"))
    assert _numbers(settings) == _recounted(log.events)


@on_a_loop
async def test_a_pointer_stays_cached_as_long_as_it_is_right(settings: Settings) -> None:
    log = _Log()
    async with _processes(settings, 1) as [process]:
        await log.apply(process, _created(1, "a"), _created(2, "b"), _merged(3, "a", "b"))
        for number in (4, 5, 6):
            await log.apply(process, _stage(number, "b"))
        _, missing = process.pipeline._entities.take(["lead:a", "lead:b"])  # noqa: SLF001 - nothing else shows it
        assert missing == []
        assert process.conflicts == {}
    assert _numbers(settings) == _recounted(log.events)


@on_a_loop
async def test_a_root_that_another_process_merged_into_a_third_lead_is_found(settings: Settings) -> None:
    log = _Log()
    async with _processes(settings, 2) as [one, two]:
        await log.apply(one, _created(1, "a"), _created(2, "b"), _merged(3, "a", "b"))
        await log.apply(two, _created(4, "c"), _merged(5, "c", "d"), _merged(6, "c", "e"), _merged(7, "c", "b"))
        # `b` points to `a` in the cache, and `a` is the entity there.
        await log.apply(one, _stage(8, "b"))
        await log.apply(one, _stage(9, "a", "opportunity"))
    assert _numbers(settings) == _recounted(log.events)


@on_a_loop
async def test_pointers_that_were_turned_round_meanwhile_end_in_no_circle(settings: Settings) -> None:
    async with _processes(settings, 2) as [one, two]:
        log = _Log()
        await log.apply(one, _created(1, "a"), _merged(2, "a", "b"))
        await log.apply(two, _erased(3, "b"))
        await log.apply(two, _created(4, "b"), _merged(5, "b", "a"))
        # In the cache `b` points to `a`, in the store `a` to `b`.
        one.pipeline._entities.take(["lead:a"])  # noqa: SLF001 - as if it had been evicted
        async with asyncio.timeout(20):
            await log.apply(one, _stage(6, "b"))
    # What the first lead contributed stays counted; its own stage would be that of another person.
    assert _numbers(settings) == _recounted([_created(1, "k"), _created(4, "b"), _stage(6, "b")])


@on_a_loop
async def test_a_stale_lead_and_one_that_lists_it_are_read_again(settings: Settings) -> None:
    async with _processes(settings, 2) as [one, two]:
        log = _Log()
        await log.apply(one, _created(1, "a"), _merged(2, "a", "b"))
        await log.apply(two, _erased(3, "a"))
        await log.apply(two, _created(4, "b"), _merged(5, "b", "a"))
        # In the cache `a` is a lead that lists `b`, in the store `b` is one that lists `a`.
        one.pipeline._entities.take(["lead:b"])  # noqa: SLF001 - as if it had been evicted
        await log.apply(one, _merged(6, "a", "b"), _stage(7, "b"))
        assert one.conflicts
    assert _numbers(settings) == _recounted([_created(1, "k"), _created(4, "b"), _stage(7, "b")])


@on_a_loop
async def test_an_entity_that_was_erased_meanwhile_starts_anew_unmerged(settings: Settings) -> None:
    log = _Log()
    async with _processes(settings, 2) as [one, two]:
        await log.apply(one, _created(1, "a"), _merged(2, "a", "b"))
        await log.apply(two, _erased(3, "b"))
        await log.apply(one, _created(4, "b"))
        await log.apply(two, _created(5, "a"))
    assert _numbers(settings) == _recounted([_created(1, "k"), _created(4, "b"), _created(5, "a")])


@pytest.mark.parametrize("cached_entities", [0, 100])
@on_a_loop
async def test_a_batch_is_prepared_on_top_of_a_merge_that_is_not_answered(
    settings: Settings, cached_entities: int
) -> None:
    log = _Log()
    async with _processes(settings, 1, cached_entities) as [process]:
        await log.apply(process, _created(1, "a"), _created(2, "b"))
        process.may_commit.clear()
        merging = await process.pipeline.prepare(log.batch(_merged(3, "a", "b")))
        applying = asyncio.create_task(process.pipeline.apply(merging))
        await asyncio.sleep(0)
        prepared = await process.pipeline.prepare(log.batch(_stage(4, "b")))
        assert not applying.done()
        process.may_commit.set()
        assert await applying == Applied()
        assert await process.pipeline.apply(prepared) == Applied()
        assert process.conflicts == {}
    assert _numbers(settings) == _recounted(log.events)


@on_a_loop
async def test_a_batch_prepared_on_top_of_a_refused_merge_is_folded_again(settings: Settings) -> None:
    log = _Log()
    async with _processes(settings, 2) as [one, two]:
        await log.apply(one, _created(1, "a"), _created(2, "b"))
        one.may_commit.clear()
        applying = asyncio.create_task(one.pipeline.apply(await one.pipeline.prepare(log.batch(_merged(3, "a", "b")))))
        await asyncio.sleep(0)
        prepared = await one.pipeline.prepare(log.batch(_stage(4, "b")))
        await log.apply(two, _created(5, "c"), _merged(6, "b", "c"))
        one.may_commit.set()
        assert await applying == Applied()
        assert await one.pipeline.apply(prepared) == Applied()
        assert one.conflicts == {"version": 2}
    assert _numbers(settings) == _recounted(log.events)


@on_a_loop
async def test_entities_and_pointers_do_not_expire(settings: Settings, redis_url: str) -> None:
    log = _Log()
    async with _processes(settings, 1) as [process]:
        await log.apply(process, _created(1, "a"), _created(2, "b"), _created(3, "c"))
        await log.apply(process, _merged(4, "a", "b"))
        await log.apply(process, _stage(5, "b"))
    with Redis.from_url(redis_url) as redis:
        keys = serving_keys(redis, settings.namespace)
        left: list[Any] = [redis.ttl(keys.entity(f"lead:{id_}")) for id_ in "abc"]
    assert left == [-1, -1, -1]


@on_a_loop
async def test_what_recurs_in_an_entity_is_stored_once(settings: Settings, redis_url: str) -> None:
    log, source = _Log(), {"source": "/a/source/with/a/long/name"}
    async with _processes(settings, 1) as [process]:
        for begin in (0, 10, 20):
            await log.apply(process, *(_stage(begin + number, "a") | source for number in range(10)))
    with Redis.from_url(redis_url) as redis:
        stored: Any = redis.get(serving_keys(redis, settings.namespace).entity("lead:a"))
    _, state = split_value(stored)
    assert len(state) < len(decompressed(state)) / 2
    assert _numbers(settings) == _recounted(log.events)
