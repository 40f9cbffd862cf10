"""The ledger's contract: a batch is applied once and as a whole, or not at all."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from stream_app.core.deltas import series_field
from stream_app.core.facts import Series
from stream_app.core.stored_form import HEADER_LENGTH
from stream_app.core.windows import KEPT
from stream_app.spec.window import Grain
from stream_app.store import generations
from stream_app.store.keys import (
    BUILDING,
    DEFINITIONS,
    FIRST_GENERATION,
    VERSION,
    GenerationKeys,
    due_member,
    newest_field,
    partition_field,
    swept_field,
)
from stream_app.store.ledger import (
    Applied,
    DefinitionsDifferError,
    Ledger,
    NewGeneration,
    State,
    WrongOffset,
    WrongVersion,
)
from tests.store.stores import MINUTE, NEWEST, PARTITION, commit_of, everything
from tests.worker.workers import on_a_loop

_DEFINITIONS = "0123456789ab"
_WEB = ("new_leads", "web")
_FAIR = ("new_leads", "fair")


@asynccontextmanager
async def _ledger(url: str, namespace: str, definitions: str = _DEFINITIONS) -> AsyncIterator[Ledger]:
    async with AsyncRedis.from_url(url) as client:
        yield Ledger(client, namespace, definitions)


@pytest.fixture
def keys(namespace: str) -> GenerationKeys:
    return GenerationKeys.of(namespace, FIRST_GENERATION)


def _amounts(redis: Redis, key: str) -> dict[str, int]:
    return {field.decode(): int(value) for field, value in redis.hgetall(key).items() if field}  # type: ignore[union-attr]


@on_a_loop
async def test_a_batch_is_in_the_store_as_a_whole(
    redis_url: str, redis: Redis, namespace: str, keys: GenerationKeys
) -> None:
    async with _ledger(redis_url, namespace) as ledger:
        batch = commit_of(
            0,
            5,
            states=(State("lead:L1", "", b"state"),),
            minutes={MINUTE: {_WEB: 2}},
            levels={("leads_in_stage", "mql"): 1},
            due={("step_due_at", "p", "s", due_member("L1", "e")): 1_700_000_000_000},
        )
        assert await ledger.commit(batch) == Applied()
        assert await ledger.positions([PARTITION, ("lead", 1)]) == {PARTITION: 5}
        assert await ledger.load(["lead:L1", "lead:L2"]) == [("a" * 16, b"state"), None]
    assert _amounts(redis, keys.bucket(Grain.MINUTE, MINUTE)) == {series_field(_WEB): 2}
    assert _amounts(redis, keys.levels) == {series_field(("leads_in_stage", "mql")): 1}
    assert redis.hget(keys.levels, VERSION) == b"a" * 16
    assert redis.zrange(keys.due("step_due_at", "p", "s"), 0, -1, withscores=True) == [(b"L1\x1fe", 1_700_000_000_000)]
    assert redis.smembers(keys.due_series) == {b"step_due_at\x1fp\x1fs"}


@on_a_loop
async def test_amounts_add_up_and_a_series_that_is_zero_goes(
    redis_url: str, redis: Redis, namespace: str, keys: GenerationKeys
) -> None:
    async with _ledger(redis_url, namespace) as ledger:
        await ledger.commit(commit_of(0, 1, minutes={MINUTE: {_WEB: 2, _FAIR: 1}}))
        await ledger.commit(commit_of(1, 2, minutes={MINUTE: {_WEB: 3, _FAIR: -1}}))
    assert _amounts(redis, keys.bucket(Grain.MINUTE, MINUTE)) == {series_field(_WEB): 5}


@on_a_loop
async def test_the_last_due_time_of_a_step_takes_the_step_along(
    redis_url: str, redis: Redis, namespace: str, keys: GenerationKeys
) -> None:
    due = ("step_due_at", "p", "s", due_member("L1", "e"))
    async with _ledger(redis_url, namespace) as ledger:
        await ledger.commit(commit_of(0, 1, due={due: 1}))
        await ledger.commit(commit_of(1, 2, no_longer_due={due}))
    assert not redis.exists(keys.due("step_due_at", "p", "s"), keys.due_series)


@on_a_loop
async def test_a_batch_whose_reply_was_lost_counts_once(
    redis_url: str, redis: Redis, namespace: str, keys: GenerationKeys
) -> None:
    batch = commit_of(0, 5, states=(State("lead:L1", "", b"state"),), minutes={MINUTE: {_WEB: 2}})
    async with _ledger(redis_url, namespace) as ledger:
        assert await ledger.commit(batch) == Applied()
        assert await ledger.commit(batch) == Applied()
    assert _amounts(redis, keys.bucket(Grain.MINUTE, MINUTE)) == {series_field(_WEB): 2}


@pytest.mark.parametrize(("begin", "end"), [(0, 3), (3, 9), (6, 9)])
@on_a_loop
async def test_a_batch_from_another_offset_changes_nothing(
    redis_url: str, redis: Redis, namespace: str, begin: int, end: int
) -> None:
    async with _ledger(redis_url, namespace) as ledger:
        await ledger.commit(commit_of(0, 5))
        before = everything(redis, namespace)
        again = commit_of(begin, end, states=(State("lead:L1", "", b"x"),), levels={_WEB: 1})
        assert await ledger.commit(again) == WrongOffset(5)
    assert everything(redis, namespace) == before


@on_a_loop
async def test_a_batch_on_another_version_of_an_entity_changes_nothing(
    redis_url: str, redis: Redis, namespace: str, keys: GenerationKeys
) -> None:
    async with _ledger(redis_url, namespace) as ledger:
        await ledger.commit(commit_of(0, 1, states=(State("lead:L1", "", b"x"), State("lead:L2", "", b"y"))))
        before = everything(redis, namespace)
        states = (State("lead:L1", "b" * 16, b"z"), State("lead:L2", "a" * 16, b"z"), State("lead:L3", "c" * 16, b"z"))
        batch = commit_of(1, 2, states=states, levels={_WEB: 1})
        assert await ledger.commit(batch) == WrongVersion((keys.entity("lead:L1"), keys.entity("lead:L3")))
    assert everything(redis, namespace) == before


@on_a_loop
async def test_of_what_is_stored_of_an_entity_some_may_stay(redis_url: str, namespace: str) -> None:
    first, second = b"1" * HEADER_LENGTH, b"2" * HEADER_LENGTH
    whole = State("lead:L1", "", first + b"staying, and a long rest")
    part = State("lead:L1", "a" * 16, second + b", more", stays=HEADER_LENGTH + len(b"staying"))
    async with _ledger(redis_url, namespace) as ledger:
        assert await ledger.commit(commit_of(0, 1, states=(whole,))) == Applied()
        assert await ledger.commit(commit_of(1, 2, states=(part, State("lead:L2", "", b"x")))) == Applied()
        assert await ledger.load(["lead:L1", "lead:L2"]) == [
            ("a" * 16, second + b"staying, morea long rest"),
            ("a" * 16, b"x"),
        ]


@on_a_loop
async def test_an_erased_entity_is_deleted(redis_url: str, namespace: str) -> None:
    async with _ledger(redis_url, namespace) as ledger:
        await ledger.commit(commit_of(0, 1, states=(State("lead:L1", "", b"x"),)))
        await ledger.commit(commit_of(1, 2, states=(State("lead:L1", "a" * 16, None),)))
        assert await ledger.load(["lead:L1"]) == [None]


@on_a_loop
async def test_a_bucket_behind_the_newest_event_is_swept(
    redis_url: str, redis: Redis, namespace: str, keys: GenerationKeys
) -> None:
    kept = KEPT[Grain.MINUTE]
    later = NEWEST | {Grain.MINUTE: MINUTE + kept}
    async with _ledger(redis_url, namespace) as ledger:
        await ledger.commit(commit_of(0, 1, minutes={MINUTE: {_WEB: 1}, MINUTE + 1: {_WEB: 1}}))
        await ledger.commit(commit_of(1, 2, newest=later))
        # The newest event of a batch may be older than that of the batch before.
        await ledger.commit(commit_of(2, 3, minutes={MINUTE: {_WEB: 1}, MINUTE + 2: {_WEB: 1}}))
    stored = {number for number in range(MINUTE - 1, MINUTE + 4) if redis.exists(keys.bucket(Grain.MINUTE, number))}
    assert stored == {MINUTE + 1, MINUTE + 2}
    assert redis.hget(keys.ledger, newest_field(Grain.MINUTE)) == str(MINUTE + kept).encode()
    assert redis.hget(keys.ledger, swept_field(Grain.MINUTE)) == str(MINUTE).encode()


@on_a_loop
async def test_changes_of_levels_are_kept_and_swept_as_days_are(
    redis_url: str, redis: Redis, namespace: str, keys: GenerationKeys
) -> None:
    today = NEWEST[Grain.DAY]
    stage: Series = ("leads_in_stage", "mql")
    oldest = today - KEPT[Grain.DAY] + 1
    async with _ledger(redis_url, namespace) as ledger:
        days = {oldest - 1: {stage: 1}, oldest: {stage: 2}, today: {stage: 4}}
        await ledger.commit(commit_of(0, 1, levels={stage: 7}, level_changes=days))
        assert redis.exists(keys.level_changes(oldest - 1)) == 0
        assert _amounts(redis, keys.level_changes(oldest)) == {series_field(stage): 2}
        assert redis.hget(keys.level_changes(oldest), VERSION) == b"a" * 16
        later = {Grain.MINUTE: MINUTE + 24 * 60, Grain.HOUR: NEWEST[Grain.HOUR] + 24, Grain.DAY: today + 1}
        await ledger.commit(commit_of(1, 2, version="b" * 16, newest=later))
    assert redis.exists(keys.level_changes(oldest)) == 0
    assert _amounts(redis, keys.level_changes(today)) == {series_field(stage): 4}
    assert _amounts(redis, keys.levels) == {series_field(stage): 7}


@on_a_loop
async def test_a_year_without_events_is_not_swept(
    redis_url: str, redis: Redis, namespace: str, keys: GenerationKeys
) -> None:
    first, later = MINUTE - KEPT[Grain.MINUTE] + 1, MINUTE + 366 * 24 * 60
    async with _ledger(redis_url, namespace) as ledger:
        await ledger.commit(commit_of(0, 1, minutes={first: {_WEB: 1}, MINUTE: {_WEB: 1}}))
        stored = [keys.bucket(Grain.MINUTE, number) for number in (first, MINUTE)]
        assert redis.exists(*stored) == 2
        redis.config_resetstat()
        await ledger.commit(commit_of(1, 2, newest=NEWEST | {Grain.MINUTE: later}))
    used: Any = redis.info("commandstats")
    assert redis.exists(*stored) == 0
    assert used["cmdstat_unlink"]["calls"] == KEPT[Grain.MINUTE]
    assert redis.hget(keys.ledger, swept_field(Grain.MINUTE)) == str(later - KEPT[Grain.MINUTE]).encode()


@on_a_loop
async def test_numbers_of_other_definitions_are_refused(redis_url: str, redis: Redis, namespace: str) -> None:
    async with _ledger(redis_url, namespace) as ledger, _ledger(redis_url, namespace, "ba9876543210") as other:
        await ledger.check_definitions()
        await ledger.commit(commit_of(0, 1))
        await ledger.check_definitions()
        before = everything(redis, namespace)
        with pytest.raises(DefinitionsDifferError, match="stream-app rebuild"):
            await other.check_definitions()
        with pytest.raises(DefinitionsDifferError, match="stream-app rebuild"):
            await other.commit(commit_of(1, 2, levels={_WEB: 1}))
    assert everything(redis, namespace) == before


@on_a_loop
async def test_a_store_of_an_older_layout_is_refused_until_a_rebuild(
    redis_url: str, redis: Redis, namespace: str, keys: GenerationKeys
) -> None:
    # Version 0.1.0 kept offsets beside the bookkeeping, and definitions without the layout.
    old: dict[Any, Any] = {
        DEFINITIONS: _DEFINITIONS,
        newest_field(Grain.DAY): 1,
        swept_field(Grain.DAY): 0,
        partition_field(PARTITION): 7,
    }
    redis.hset(keys.ledger, mapping=old)
    before = everything(redis, namespace)
    async with _ledger(redis_url, namespace) as ledger:
        with pytest.raises(DefinitionsDifferError, match="stream-app rebuild"):
            await ledger.check_definitions()
        with pytest.raises(DefinitionsDifferError, match="stream-app rebuild"):
            await ledger.commit(commit_of(0, 2, levels={_WEB: 1}))
        assert everything(redis, namespace) == before
        generations.switch(redis, namespace, generations.begin(redis, namespace, _DEFINITIONS))
        assert await ledger.commit(commit_of(0, 2)) == NewGeneration()
        assert await ledger.commit(commit_of(0, 2)) == Applied()


@on_a_loop
async def test_a_worker_of_an_older_layout_finds_other_definitions(
    redis_url: str, redis: Redis, namespace: str, keys: GenerationKeys
) -> None:
    async with _ledger(redis_url, namespace) as ledger:
        await ledger.commit(commit_of(0, 1))
    # Version 0.1.0 asks for this field before every commit, and stops when it is another than its own fingerprint.
    found = redis.hget(f"{keys.prefix}ledger", "definitions")
    assert found
    assert found != _DEFINITIONS.encode()


@on_a_loop
async def test_a_switch_of_generations_voids_a_batch(redis_url: str, redis: Redis, namespace: str) -> None:
    async with _ledger(redis_url, namespace) as ledger:
        await ledger.commit(commit_of(0, 5))
        generations.switch(redis, namespace, generations.begin(redis, namespace, _DEFINITIONS))
        before = everything(redis, namespace)
        assert await ledger.commit(commit_of(5, 6, levels={_WEB: 1})) == NewGeneration()
        assert everything(redis, namespace) == before
        assert await ledger.positions([PARTITION]) == {}


@on_a_loop
async def test_a_partition_is_marked_current(
    redis_url: str, redis: Redis, namespace: str, keys: GenerationKeys
) -> None:
    async with _ledger(redis_url, namespace) as ledger:
        await ledger.positions([PARTITION])
        await ledger.mark_current({PARTITION: 1_700_000_000_000})
    assert redis.hgetall(keys.current) == {partition_field(PARTITION).encode(): b"1700000000000"}


@pytest.mark.parametrize("ahead", [3_600_000, -3_600_000], ids=["ahead", "behind"])
@on_a_loop
async def test_the_clock_of_who_marks_a_partition_does_not_matter(
    redis_url: str, redis: Redis, namespace: str, keys: GenerationKeys, ahead: int
) -> None:
    now = time.time_ns() // 1_000_000
    async with _ledger(redis_url, namespace) as ledger:
        await ledger.positions([PARTITION])
        await ledger.mark_current({PARTITION: now + ahead - 500}, now=now + ahead)
    [noted] = redis.hvals(keys.current)
    assert abs(int(noted) - (now - 500)) < 60_000


@on_a_loop
async def test_an_unanswered_partition_keeps_its_time_but_is_not_current(
    redis_url: str, redis: Redis, namespace: str, keys: GenerationKeys
) -> None:
    field = partition_field(PARTITION).encode()
    async with _ledger(redis_url, namespace) as ledger:
        await ledger.positions([PARTITION])
        await ledger.mark_current({}, [PARTITION])
        assert redis.hgetall(keys.current) == {}
        await ledger.mark_current({PARTITION: 1_700_000_000_000})
        for _ in range(2):
            await ledger.mark_current({}, [PARTITION])
            assert redis.hgetall(keys.current) == {field: b"-1700000000000"}
        await ledger.mark_current({PARTITION: 1_700_000_000_500}, [PARTITION])
        assert redis.hgetall(keys.current) == {field: b"-1700000000500"}
        await ledger.mark_current({PARTITION: 1_700_000_001_000})
    assert redis.hgetall(keys.current) == {field: b"1700000001000"}


@on_a_loop
async def test_a_generation_that_was_dropped_is_not_marked_current(
    redis_url: str, redis: Redis, namespace: str, keys: GenerationKeys
) -> None:
    async with _ledger(redis_url, namespace) as ledger:
        await ledger.positions([PARTITION])
        pair = generations.begin(redis, namespace, _DEFINITIONS)
        generations.switch(redis, namespace, pair)
        generations.drop(redis, namespace, pair.serving)
        await ledger.mark_current({PARTITION: 1})
    assert not redis.exists(keys.current)


@on_a_loop
async def test_a_batch_of_merges_only_changes_the_buckets_that_are_kept(
    redis_url: str, redis: Redis, namespace: str, keys: GenerationKeys
) -> None:
    async with _ledger(redis_url, namespace) as ledger:
        assert await ledger.commit(commit_of(0, 1, newest={}, states=(State("lead:L9", "", b"x"),))) == Applied()
        assert not redis.exists(keys.bucket(Grain.MINUTE, MINUTE))
        await ledger.commit(commit_of(1, 2, minutes={MINUTE: {_WEB: 2}}))
        gone = MINUTE - KEPT[Grain.MINUTE]
        merges = commit_of(2, 3, newest={}, minutes={MINUTE: {_WEB: -1}, gone: {_WEB: -1}})
        assert await ledger.commit(merges) == Applied()
    assert _amounts(redis, keys.bucket(Grain.MINUTE, MINUTE)) == {series_field(_WEB): 1}
    assert not redis.exists(keys.bucket(Grain.MINUTE, gone))
    assert redis.hget(keys.ledger, newest_field(Grain.MINUTE)) == str(MINUTE).encode()


@on_a_loop
async def test_entities_and_pointers_stay_until_they_are_erased(
    redis_url: str, redis: Redis, namespace: str, keys: GenerationKeys
) -> None:
    both = (State("lead:L1", "", b"x"), State("lead:L2", None, b"y"))
    async with _ledger(redis_url, namespace) as ledger:
        await ledger.commit(commit_of(0, 1, states=(State("lead:L2", "", b"z"),)))
        assert await ledger.commit(commit_of(1, 2, version="b" * 16, states=both)) == Applied()
        assert [redis.ttl(keys.entity(name)) for name in ("lead:L1", "lead:L2")] == [-1, -1]
        erased = (State("lead:L1", "b" * 16, None), State("lead:L2", None, None))
        assert await ledger.commit(commit_of(2, 3, states=erased)) == Applied()
        assert await ledger.load(["lead:L1", "lead:L2"]) == [None, None]


@on_a_loop
async def test_workers_of_two_editions_side_by_side_do_no_harm(redis_url: str, redis: Redis, namespace: str) -> None:
    async with _ledger(redis_url, namespace, "first") as old, _ledger(redis_url, namespace, "second") as new:
        assert await old.commit(commit_of(0, 1, states=(State("lead:L1", "", b"old"),), levels={_WEB: 1})) == Applied()
        with pytest.raises(DefinitionsDifferError, match="stream-app rebuild"):
            await new.check_definitions()
        with pytest.raises(DefinitionsDifferError, match="stream-app rebuild"):
            await new.commit(commit_of(1, 2, levels={_WEB: 1}))
        pair = generations.begin(redis, namespace, "second")
        async with AsyncRedis.from_url(redis_url) as client:
            rebuild = Ledger(client, namespace, "second", role=BUILDING)
            states = (State("lead:L1", "", b"new"),)
            assert await rebuild.commit(commit_of(0, 2, states=states, levels={_WEB: 2})) == Applied()
        # The old one goes on until the switch, and reads nothing of the new form after it.
        assert await old.commit(commit_of(1, 2, levels={_WEB: 1})) == Applied()
        generations.switch(redis, namespace, pair)
        before = everything(redis, namespace)
        for _ in range(2):
            with pytest.raises(DefinitionsDifferError, match="stream-app rebuild"):
                await old.commit(commit_of(2, 3, levels={_WEB: 1}))
        assert await old.load(["lead:L1"]) == [("a" * 16, b"old")]
        assert everything(redis, namespace) == before
    async with _ledger(redis_url, namespace, "second") as restarted:
        await restarted.check_definitions()
    fresh = GenerationKeys.of(namespace, pair.building)
    assert _amounts(redis, fresh.levels) == {series_field(_WEB): 2}
