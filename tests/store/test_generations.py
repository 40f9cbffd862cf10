"""A rebuild computes a second generation beside the one that serves."""

import pytest
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from stream_app.store.generations import Generations, abandon, begin, drop, serving_keys, switch
from stream_app.store.keys import BUILDING, GenerationKeys
from stream_app.store.ledger import Applied, Ledger
from tests.store.stores import commit_of, everything
from tests.worker.workers import on_a_loop


async def _build(url: str, namespace: str, definitions: str) -> None:
    async with AsyncRedis.from_url(url) as client:
        assert await Ledger(client, namespace, definitions, role=BUILDING).commit(commit_of(0, 1)) == Applied()


def test_the_first_generation_serves_before_any_rebuild(redis: Redis, namespace: str) -> None:
    assert serving_keys(redis, namespace) == GenerationKeys.of(namespace, "1")


def test_generations_are_counted_on(redis: Redis, namespace: str) -> None:
    for number in (2, 3):
        pair = begin(redis, namespace, "d")
        assert pair == Generations(str(number - 1), str(number))
        switch(redis, namespace, pair)
        assert serving_keys(redis, namespace) == GenerationKeys.of(namespace, str(number))


@on_a_loop
async def test_an_interrupted_rebuild_of_the_same_definitions_goes_on(
    redis_url: str, redis: Redis, namespace: str
) -> None:
    pair = begin(redis, namespace, "d")
    await _build(redis_url, namespace, "d")
    before = everything(redis, namespace)
    assert begin(redis, namespace, "d") == pair
    assert everything(redis, namespace) == before


@on_a_loop
async def test_an_interrupted_rebuild_of_other_definitions_is_dropped(
    redis_url: str, redis: Redis, namespace: str
) -> None:
    begin(redis, namespace, "d")
    await _build(redis_url, namespace, "d")
    assert begin(redis, namespace, "e") == Generations("1", "3")
    assert not list(redis.scan_iter(match=GenerationKeys.of(namespace, "2").glob, count=1000))


@on_a_loop
async def test_a_rebuild_that_was_abandoned_begins_anew(redis_url: str, redis: Redis, namespace: str) -> None:
    pair = begin(redis, namespace, "d")
    await _build(redis_url, namespace, "d")
    abandon(redis, namespace, pair)
    assert everything(redis, namespace) == {}
    assert begin(redis, namespace, "d") == Generations("1", "2")


@pytest.mark.parametrize("number", [1, 2500])
def test_a_drop_leaves_other_generations_and_namespaces_alone(redis: Redis, namespace: str, number: int) -> None:
    kept = [
        GenerationKeys.of(namespace, "12").ledger,
        GenerationKeys.of(namespace, "2").ledger,
        GenerationKeys.of(f"{namespace}-b", "1").ledger,
    ]
    for key in kept:
        redis.set(key, "x")
    dropped = GenerationKeys.of(namespace, "1")
    redis.mset({dropped.entity(f"lead:{each}"): "x" for each in range(number)})
    assert drop(redis, namespace, "1") == number
    assert not list(redis.scan_iter(match=dropped.glob, count=1000))
    assert redis.exists(*kept) == len(kept)
