"""A Redis Cluster moves the slot of a namespace while a worker writes to it: no number changes."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
from redis.asyncio import Redis

from stream_app.clients.cluster import AsyncCluster
from stream_app.core.deltas import series_field
from stream_app.spec.window import Grain
from stream_app.store.generations import serving_keys
from stream_app.store.keys import FIRST_GENERATION, SERVING, GenerationKeys, generations_key
from stream_app.store.ledger import Applied, Ledger
from tests.faults.installation import ChangingInstallation, at_work
from tests.servers.cluster import Cluster
from tests.servers.redis_cluster import StoreCluster, replica_of, store_cluster
from tests.store.stores import MINUTE, commit_of
from tests.system.event_sets import UNTIL, EventSet
from tests.system.expectations import assert_exact
from tests.system.installation import answer, port
from tests.system.processes import eventually
from tests.worker.workers import on_a_loop

AS_OF = ("--as-of", UNTIL.isoformat())


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreCluster]:
    with store_cluster(tmp_path_factory.mktemp("stores")) as found:
        yield found


@pytest.fixture
def installation(
    crash_cluster: Cluster, store: StoreCluster, namespace: str, tmp_path: Path
) -> Iterator[ChangingInstallation]:
    with ChangingInstallation(crash_cluster, store.url, namespace, tmp_path) as made:
        yield made


def test_numbers_are_right_after_the_slot_has_moved_under_load(
    installation: ChangingInstallation, store: StoreCluster, small_set: EventSet
) -> None:
    first, second, third = small_set.parts(3)
    both = at_work(installation, first)
    installation.produce(second)
    for _ in range(2):
        source, target = store.begin_move(installation.namespace)
        store.end_move(installation.namespace, source, target)
    installation.produce(third)
    both.assert_right(small_set)


def test_no_batch_is_computed_from_a_part_of_the_keys(
    installation: ChangingInstallation, store: StoreCluster, small_set: EventSet
) -> None:
    installation.create_topics()
    first, second = small_set.parts(2)
    installation.produce(first)
    # After a rebuild every key that the script is given exists, so that none of them shows that others are missing.
    installation.drain()
    installation.run("rebuild")
    health, metrics = port(), port()
    worker = installation.worker(batch_events="20", worker_port=health)
    exporter = installation.start("exporter", exporter_port=metrics)
    answer(health, "/health", worker, lambda page: page.status == 200)
    with installation.redis() as client:
        keys = serving_keys(client, installation.namespace)
        generations = generations_key(installation.namespace)
        source, target = store.begin_move(installation.namespace)
        store.move(source, target, [generations, keys.ledger, keys.offsets, keys.levels, keys.due_series, keys.current])
        installation.produce(second)
        said = orjson.loads(answer(health, "/health", worker, lambda page: page.status == 503))
        assert said["redis"] is False
        time.sleep(3)
        scraped = answer(metrics, "/metrics", exporter)
        assert "\nstream_app_redis_up 0.0\n" in scraped
        assert "\nlifecycle_leads_in_stage{" not in scraped
        store.end_move(installation.namespace, source, target)
    installation.await_all_applied(worker)
    answer(metrics, "/metrics", exporter, lambda page: "\nlifecycle_leads_in_stage{" in page.text)
    assert worker.stop() == 0
    assert_exact(installation, small_set.events, UNTIL)


def test_numbers_are_right_after_a_replica_has_taken_over(
    crash_cluster: Cluster, namespace: str, tmp_path: Path, small_set: EventSet
) -> None:
    with (
        store_cluster(tmp_path / "stores") as store,
        replica_of(store, store.owner(namespace), tmp_path / "replica"),
        ChangingInstallation(crash_cluster, store.url, namespace, tmp_path) as installation,
    ):
        installation.create_topics()
        first, second = small_set.parts(2)
        worker = installation.worker(batch_events="20")
        installation.produce(first)
        eventually(lambda: installation.applied() > len(first) / 2, "it is at work", worker)
        store.owner(namespace).server.kill()
        installation.produce(second)
        installation.await_all_applied(worker)
        assert worker.stop() == 0
        assert_exact(installation, small_set.events, UNTIL)


@on_a_loop
async def test_a_commit_waits_while_the_slot_moves(store: StoreCluster, namespace: str) -> None:
    nodes = [("127.0.0.1", each.server.port) for each in store.nodes]
    series = ("new_leads", "web")
    keys = GenerationKeys.of(namespace, FIRST_GENERATION)
    # With one connection a redirected command follows its ASKING for certain.
    async with AsyncCluster(nodes, generations_key(namespace), max_connections=1) as cluster:
        ledger = Ledger(cast("Redis", cluster), namespace, "d")
        await cluster.hset(generations_key(namespace), SERVING, FIRST_GENERATION)
        both: dict[str, Any] = {"levels": {series: 1}, "due": {("step_due_at", "p", "s", "m"): 1}}
        assert await ledger.commit(commit_of(0, 1, minutes={MINUTE: {series: 2}}, **both)) == Applied()
        source, target = store.begin_move(namespace)
        store.move(
            source, target, [generations_key(namespace), keys.ledger, keys.offsets, keys.levels, keys.due_series]
        )
        second = commit_of(1, 2, minutes={MINUTE: {series: 3}}, **both)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ledger.commit(second), 2)
        assert not ledger.retry.up
        store.end_move(namespace, source, target)
        assert await ledger.commit(second) == Applied()
        assert await cluster.hget(keys.bucket(Grain.MINUTE, MINUTE), series_field(series)) == b"5"


def test_every_command_works_on_a_cluster(
    installation: ChangingInstallation, store: StoreCluster, small_set: EventSet
) -> None:
    installation.create_topics()
    installation.produce(small_set.parts(3)[0])
    installation.drain()
    assert json.loads(installation.run("audit", "--json", *AS_OF))["differences"] == []
    installation.run("rebuild")
    assert json.loads(installation.run("audit", "--json", *AS_OF))["differences"] == []
    owner = store.owner(installation.namespace).server
    findings = {each["check"]: each for each in json.loads(installation.try_run("doctor", "--json")[1])}
    found = [findings[check]["status"] for check in ("redis", "redis eviction", "script", "clock", "ledger")]
    assert found == ["ok"] * 5
    assert f"redis-cli -h 127.0.0.1 -p {owner.port} CONFIG SET" in findings["redis persistence"]["fix"]
    lead = next(event["data"]["lead_id"] for event in small_set.events if event["type"] == "lead.created")
    assert json.loads(installation.run("explain", "lead", lead, "--json"))["timeline"]
    json.loads(installation.run("explain", "step", "welcome", "thank-you", "--json"))


def test_a_policy_that_evicts_is_seen_on_the_server_of_the_namespace(
    installation: ChangingInstallation, store: StoreCluster
) -> None:
    installation.create_topics()
    owner = store.owner(installation.namespace)
    health = port()
    worker = installation.worker(worker_port=health)
    answer(health, "/health", worker, lambda page: page.status == 200)
    for node in store.nodes:
        if node is not owner:
            node.ask("CONFIG", "SET", "maxmemory-policy", "volatile-lru")
    time.sleep(1)
    assert answer(health, "/health", worker, lambda page: page.status == 200)
    try:
        owner.ask("CONFIG", "SET", "maxmemory-policy", "volatile-lru")
        answer(health, "/health", worker, lambda page: "maxmemory-policy is volatile-lru" in page.text)
    finally:
        for node in store.nodes:
            node.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
    answer(health, "/health", worker, lambda page: page.status == 200)
    assert worker.stop() == 0


def test_a_cluster_whose_url_does_not_say_so_is_named(installation: ChangingInstallation, store: StoreCluster) -> None:
    owner = store.owner(installation.namespace)
    other = next(each for each in store.nodes if each is not owner)
    code, _ = installation.try_run("kpis", redis_url=f"redis://{other.server.address}/0")
    assert code == 69
    assert "ClusterUrlNeededError" in installation.logs


def test_a_worker_waits_for_a_cluster_that_is_away(installation: ChangingInstallation, store: StoreCluster) -> None:
    installation.create_topics()
    with_nobody = f"redis+cluster://127.0.0.1:{port()}"
    worker = installation.worker(redis_url=with_nobody)
    eventually(lambda: "no server of the cluster answers" in worker.said, "it says so", worker)
    code, _ = installation.try_run("kpis", redis_url=with_nobody)
    assert code == 69
    assert store.nodes
