"""A read is one consistent view; it asks only for what changed."""

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import pytest
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import ConnectionError as RedisConnectionError

from stream_app.core.calendar import Calendar
from stream_app.core.facts import DAY_MS, Series
from stream_app.core.samples import Due
from stream_app.core.windows import HOUR_MS, MINUTE_MS, Clock
from stream_app.spec.window import Grain, Window
from stream_app.store import generations
from stream_app.store.keys import BUILDING, SERVING, due_member
from stream_app.store.ledger import Applied, Commit, Ledger
from stream_app.store.reader import Reader
from tests.store.stores import MINUTE, NEWEST, PARTITION, commit_of
from tests.worker.workers import on_a_loop

_NOW = MINUTE * MINUTE_MS + 1000
_WEB = ("new_leads", "web")
_STAGE: Series = ("leads_in_stage", "mql")
_SQL: Series = ("leads_in_stage", "sql")
_LENGTHS = {Grain.MINUTE: MINUTE_MS, Grain.HOUR: HOUR_MS, Grain.DAY: DAY_MS}


async def _apply(url: str, namespace: str, *commits: Commit, role: str = SERVING) -> None:
    async with AsyncRedis.from_url(url) as client:
        ledger = Ledger(client, namespace, "d", role=role)
        for commit in commits:
            assert await ledger.commit(commit) == Applied()


@on_a_loop
async def test_an_empty_store_reads_as_nothing(redis: Redis, namespace: str) -> None:
    snapshot = Reader(redis, namespace, Calendar()).read(_NOW)
    assert (snapshot.offsets, snapshot.current, snapshot.generation) == ({}, {}, "1")
    assert (snapshot.view.newest, snapshot.view.levels, snapshot.view.due) == (None, {}, {})
    assert not any(snapshot.view.windows.values())


@on_a_loop
async def test_a_read_finds_what_was_committed(redis_url: str, redis: Redis, namespace: str) -> None:
    due = {("step_due_at", "p", "s", due_member("L", str(number))): _NOW + number for number in (-2, -1, 0, 1)}
    await _apply(redis_url, namespace, commit_of(0, 5, minutes={MINUTE: {_WEB: 2}}, levels={_STAGE: 3}, due=due))
    snapshot = Reader(redis, namespace, Calendar()).read(_NOW)
    assert snapshot.offsets == {PARTITION: 5}
    assert snapshot.view.newest == Clock(MINUTE * MINUTE_MS, MINUTE, NEWEST[Grain.HOUR], NEWEST[Grain.DAY])
    assert snapshot.view.windows[Window.M5] == {"new_leads": {("web",): 2}}
    assert snapshot.view.levels == {"leads_in_stage": {("mql",): 3}}
    assert snapshot.view.due == {("step_due_at", "p", "s"): Due(2, _NOW - 2)}
    assert snapshot.changed == {"new_leads", "leads_in_stage"}


@on_a_loop
async def test_a_second_read_names_what_changed_since(redis_url: str, redis: Redis, namespace: str) -> None:
    reader = Reader(redis, namespace, Calendar())
    await _apply(redis_url, namespace, commit_of(0, 1, minutes={MINUTE: {_WEB: 2}}, levels={_STAGE: 3}))
    reader.read(_NOW)
    assert reader.read(_NOW).changed == set()
    await _apply(redis_url, namespace, commit_of(1, 2, version="b" * 16, levels={_STAGE: 1}))
    snapshot = reader.read(_NOW)
    assert snapshot.changed == {"leads_in_stage"}
    assert snapshot.view.levels == {"leads_in_stage": {("mql",): 4}}
    assert snapshot.view.windows[Window.M5] == {"new_leads": {("web",): 2}}
    later = reader.read(_NOW + 5 * MINUTE_MS)
    assert later.changed == {"new_leads"}
    assert not later.view.windows[Window.M5]["new_leads"]


@on_a_loop
async def test_a_read_follows_a_switch_of_generations(redis_url: str, redis: Redis, namespace: str) -> None:
    reader = Reader(redis, namespace, Calendar())
    await _apply(redis_url, namespace, commit_of(0, 1, minutes={MINUTE: {_WEB: 2}}, levels={_STAGE: 3}))
    reader.read(_NOW)
    pair = generations.begin(redis, namespace, "d")
    await _apply(redis_url, namespace, commit_of(0, 4, version="b" * 16, minutes={MINUTE: {_WEB: 7}}), role=BUILDING)
    assert reader.read(_NOW).generation == pair.serving
    built = Reader(redis, namespace, Calendar(), role=BUILDING).read(_NOW)
    assert (built.generation, built.offsets) == (pair.building, {PARTITION: 4})
    generations.switch(redis, namespace, pair)
    generations.drop(redis, namespace, pair.serving)
    snapshot = reader.read(_NOW)
    assert (snapshot.generation, snapshot.offsets) == (pair.building, {PARTITION: 4})
    assert snapshot.view.windows[Window.M5] == {"new_leads": {("web",): 7}}
    assert snapshot.view.levels == {}
    assert snapshot.changed == {"new_leads", "leads_in_stage"}


@on_a_loop
async def test_levels_of_a_past_day_are_what_they_were(redis_url: str, redis: Redis, namespace: str) -> None:
    today, past = NEWEST[Grain.DAY], _NOW - 2 * DAY_MS
    reader = Reader(redis, namespace, Calendar())
    changes = {today - 2: {_STAGE: 5}, today - 1: {_STAGE: -2, _SQL: 2}, today: {_SQL: -1}}
    await _apply(redis_url, namespace, commit_of(0, 1, levels={_STAGE: 3, _SQL: 1}, level_changes=changes))
    assert reader.read(past).view.levels == {"leads_in_stage": {("mql",): 5}}
    assert reader.read(past + DAY_MS).view.levels == {"leads_in_stage": {("mql",): 3, ("sql",): 2}}
    assert reader.read(_NOW).view.levels == {"leads_in_stage": {("mql",): 3, ("sql",): 1}}
    assert reader.read(past).changed == {"leads_in_stage"}
    # A change that was late, one of the last day, and one that is newer than what the reader has seen.
    late = commit_of(
        1, 2, version="b" * 16, levels={_STAGE: 11}, level_changes={today - 3: {_STAGE: 4}, today: {_STAGE: 7}}
    )
    newer = commit_of(
        2, 3, version="c" * 16, levels={_SQL: 8}, level_changes={today + 1: {_SQL: 8}}, newest=_a_day_after(NEWEST)
    )
    await _apply(redis_url, namespace, late, newer)
    assert reader.read(past).view.levels == {"leads_in_stage": {("mql",): 9}}
    assert reader.read(past).changed == set()
    assert reader.read(_NOW + DAY_MS).view.levels == {"leads_in_stage": {("mql",): 14, ("sql",): 9}}


def _a_day_after(newest: Mapping[Grain, int]) -> dict[Grain, int]:
    return {grain: newest[grain] + DAY_MS // length for grain, length in _LENGTHS.items()}


@on_a_loop
async def test_levels_before_the_days_that_are_kept_are_not_known(redis_url: str, redis: Redis, namespace: str) -> None:
    today = NEWEST[Grain.DAY]
    kept = {day: {_STAGE: 1} for day in range(today - 799, today + 1)}
    await _apply(redis_url, namespace, commit_of(0, 1, levels={_STAGE: 802}, level_changes=kept))
    reader = Reader(redis, namespace, Calendar())
    oldest = reader.read(_NOW - 800 * DAY_MS).view
    assert (oldest.knows_levels, oldest.levels) == (True, {"leads_in_stage": {("mql",): 2}})
    assert not reader.read(_NOW - 801 * DAY_MS).view.knows_levels


@on_a_loop
async def test_buckets_beyond_the_windows_are_kept_on_request(redis_url: str, redis: Redis, namespace: str) -> None:
    old = MINUTE - 150
    await _apply(redis_url, namespace, commit_of(0, 1, minutes={old: {_WEB: 2}}))
    plain = Reader(redis, namespace, Calendar())
    plain.read(_NOW)
    assert old not in plain.buckets[Grain.MINUTE]
    reader = Reader(redis, namespace, Calendar(), min_buckets={Grain.MINUTE: 151})
    reader.read(_NOW)
    assert reader.buckets[Grain.MINUTE][old] == {"new_leads": {("web",): 2}}
    reader.read(_NOW + MINUTE_MS)
    assert old not in reader.buckets[Grain.MINUTE]


@on_a_loop
async def test_changes_of_levels_are_kept_on_request(redis_url: str, redis: Redis, namespace: str) -> None:
    today = NEWEST[Grain.DAY]
    changes = {today - 2: {_STAGE: 1}, today - 1: {_STAGE: 2}, today: {_STAGE: 4}}
    await _apply(redis_url, namespace, commit_of(0, 1, levels={_STAGE: 7}, level_changes=changes))
    reader = Reader(redis, namespace, Calendar(), level_days=2)
    view = reader.read(_NOW).view
    kept = {today - 1: {"leads_in_stage": {("mql",): 2}}, today: {"leads_in_stage": {("mql",): 4}}}
    assert reader.level_changes == kept
    assert view.levels == {"leads_in_stage": {("mql",): 7}}
    await _apply(
        redis_url, namespace, commit_of(1, 2, version="b" * 16, levels={_SQL: 1}, level_changes={today - 1: {_SQL: 1}})
    )
    reader.read(_NOW)
    assert reader.level_changes == kept | {today - 1: {"leads_in_stage": {("mql",): 2, ("sql",): 1}}}
    assert reader.read(_NOW - DAY_MS).view.levels == {"leads_in_stage": {("mql",): 3, ("sql",): 1}}
    assert sorted(day for day, found in reader.level_changes.items() if found) == [today - 2, today - 1, today]


_MINUTES = range(MINUTE - 4, MINUTE + 1)


class _Watched(Redis):
    """A client that does something before each call of a script, and notes how many fields of buckets it returns."""

    fields: list[int]

    def before(self, call: Callable[[], None]) -> "_Watched":
        """Do this from now on."""
        self._call = call
        self.fields = []
        return self

    def evalsha(self, *args: Any) -> Any:  # noqa: ANN401 - as the client has it
        self._call()
        reply: Any = super().evalsha(*args)
        self.fields.append(sum(len(flat) // 2 for _, flat in reply[1]))
        return reply


@pytest.mark.parametrize("commits", [8, 1000])
def test_a_read_in_parts_is_one_state_while_others_commit(redis_url: str, namespace: str, commits: int) -> None:
    numbers = iter(range(commits))

    def commit() -> None:
        if (number := next(numbers, None)) is not None:
            # Each commit adds 1 to one bucket after another, to a level, and to the offset.
            minutes: dict[int, dict[Series, int]] = {_MINUTES[number % len(_MINUTES)]: {_WEB: 1}}
            change = commit_of(number, number + 1, version=f"{number:016}", minutes=minutes, levels={_STAGE: 1})
            on_a_loop(_apply)(redis_url, namespace, change)

    for _ in _MINUTES:
        commit()
    with _Watched.from_url(redis_url) as client:
        snapshot = Reader(client.before(commit), namespace, Calendar(), most_fields=1).read(_NOW)
    applied = snapshot.offsets[PARTITION]
    # It ends although each part finds something newer.
    assert len(_MINUTES) + 1 < applied < 1000
    assert snapshot.view.windows[Window.M5] == {"new_leads": {("web",): applied}}
    assert snapshot.view.levels == {"leads_in_stage": {("mql",): applied}}


def test_a_part_has_at_most_so_many_fields(redis_url: str, namespace: str) -> None:
    # With its version a bucket has three fields, and the levels have two.
    minutes: dict[int, dict[Series, int]] = {number: {_WEB: 1, ("new_leads", "ads"): 1} for number in _MINUTES}
    on_a_loop(_apply)(redis_url, namespace, commit_of(0, 1, minutes=minutes, levels={_STAGE: 1}))
    with _Watched.from_url(redis_url) as client:
        watched = client.before(lambda: None)
        Reader(watched, namespace, Calendar(), most_fields=6).read(_NOW)
        assert watched.fields == [5, 6, 6]


def test_what_a_failed_read_found_is_named_by_the_next(redis_url: str, namespace: str) -> None:
    calls = count()

    def fail() -> None:
        if next(calls) == len(_MINUTES):
            raise RedisConnectionError

    minutes: dict[int, dict[Series, int]] = {number: {_WEB: 1} for number in _MINUTES}
    on_a_loop(_apply)(redis_url, namespace, commit_of(0, 1, minutes=minutes, levels={_STAGE: 1}))
    with _Watched.from_url(redis_url) as client:
        reader = Reader(client.before(fail), namespace, Calendar(), most_fields=1)
        with pytest.raises(RedisConnectionError):
            reader.read(_NOW)
        snapshot = reader.read(_NOW)
    assert next(calls) > len(_MINUTES) + 1
    assert snapshot.changed == {"new_leads", "leads_in_stage"}
    assert snapshot.view.windows[Window.M5] == {"new_leads": {("web",): len(_MINUTES)}}
