"""States that a store gets into: a worker waits, says which it is, and goes on, and no number changes."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from stream_app.demo.embedded_servers import Server, redis_server
from tests.faults.installation import at_work
from tests.servers.cluster import Cluster
from tests.servers.replication import follow, promote
from tests.servers.stores import store_server
from tests.system.event_sets import UNTIL, EventSet
from tests.system.expectations import assert_exact
from tests.system.installation import Installation, answer
from tests.system.processes import CommandProcess, eventually
from tests.system.redis_proxy import RedisProxy

_TORN_BYTES = 20_000

Spoil = Callable[[Redis, Path], AbstractContextManager[None]]


@pytest.fixture
def owner(crash_redis: Server) -> Iterator[Redis]:
    with Redis(port=crash_redis.port) as client:
        yield client


def test_numbers_are_right_after_a_file_was_torn_twice(
    crash_installation: Installation, crash_redis: Server, small_set: EventSet
) -> None:
    first, second, third = small_set.parts(3)
    both = at_work(crash_installation, first)
    for times, records in enumerate((second, third), 1):
        crash_installation.await_all_applied(both.worker)
        before = crash_installation.applied()
        both.worker.suspend()
        crash_redis.kill()
        _tear(crash_redis)
        crash_redis.start()
        assert crash_installation.applied() < before, "what was torn off is missing"
        assert crash_redis.log.read_text().count("Truncating the AOF") == times
        both.worker.resume()
        crash_installation.produce(records)
    both.assert_right(small_set)


def _tear(store: Server) -> None:
    """Cut off the end of the append-only file, in the middle of a command."""
    newest = max((store.directory / "appendonlydir").glob("*.incr.aof"))
    torn = newest.read_bytes()[:-_TORN_BYTES]
    newest.write_bytes(torn.rpartition(b"\r\n*")[0][:-3])


def test_a_worker_waits_while_the_store_is_loading(
    crash_cluster: Cluster, namespace: str, tmp_path: Path, small_set: EventSet
) -> None:
    first, second = small_set.parts(2)
    options = {"appendonly": "yes", "loading_process_events_interval_bytes": "1024"}
    store = store_server(tmp_path / "store", **options)
    slow = store_server(tmp_path / "store", **options, key_load_delay="4000")
    with store, Installation(crash_cluster, f"redis://{store.address}/0", namespace, tmp_path) as installation:
        both = at_work(installation, first)
        installation.await_all_applied(both.worker)
        store.kill()
        slow.port = store.port
        with slow:
            said = answer(both.health, "/health", both.worker, lambda page: "LOADING" in page.text)
            assert "Wait until it has read its data" in said
            assert "LOADING" in both.worker.said
            installation.produce(second)
            with Redis(port=slow.port) as client:
                eventually(lambda: not client.info("persistence")["loading"], "it has loaded", both.worker)
            both.assert_right(small_set)


def test_scripts_that_are_forgotten_under_load_are_given_again(
    crash_installation: Installation, owner: Redis, small_set: EventSet
) -> None:
    first, second = small_set.parts(2)
    both = at_work(crash_installation, first)
    crash_installation.produce(second)
    flushes = 0
    while crash_installation.applied() < len(small_set.records):
        owner.script_flush()
        flushes += 1
    assert flushes > 1
    assert "waiting for Redis" not in both.worker.said
    both.assert_right(small_set)


def test_numbers_are_right_after_two_primaries_took_writes_at_once(
    crash_installation: Installation, crash_redis: Server, tmp_path: Path, small_set: EventSet
) -> None:
    installation = crash_installation
    installation.create_topics()
    first, second, third = small_set.parts(3)
    with (
        redis_server(tmp_path / "other", appendonly=True) as other,
        RedisProxy(crash_redis.port) as near_one,
        RedisProxy(crash_redis.port) as near_two,
    ):
        one = installation.worker(redis_url=near_one.url, batch_events="20")
        two = installation.worker(redis_url=near_two.url, batch_events="20")
        installation.await_shared(one, two)
        installation.produce(first)
        installation.await_all_applied(one, two)
        follow(other, crash_redis)
        promote(other)
        near_one.lead_to(other.port)
        near_one.cut()
        installation.produce(second)
        installation.store, old = f"redis://{other.address}/0", installation.store
        _await_both_behind(installation, old, one, two)
        installation.produce(third)
        follow(crash_redis, other)
        near_two.lead_to(other.port)
        installation.await_all_applied(one, two)
        assert [one.stop(), two.stop()] == [0, 0]
        assert_exact(installation, small_set.events, UNTIL)


def _await_both_behind(installation: Installation, old: str, *workers: CommandProcess) -> None:
    """Return once each of two primaries has applied records that the other has not."""

    def split() -> bool:
        new = installation.ledger()
        installation.store, kept = old, installation.store
        before = installation.ledger()
        installation.store = kept
        sources = new.keys() | before.keys()
        apart = {source: new.get(source, 0) - before.get(source, 0) for source in sources}
        return any(each > 0 for each in apart.values()) and any(each < 0 for each in apart.values())

    eventually(split, "both primaries take writes", *workers)


@contextmanager
def _full(owner: Redis, directory: Path) -> Iterator[None]:
    assert directory
    owner.config_set("maxmemory", "1mb")
    yield
    owner.config_set("maxmemory", "0")


@contextmanager
def _unable_to_save(owner: Redis, directory: Path) -> Iterator[None]:
    in_the_way = directory / "dump.rdb"
    in_the_way.mkdir()
    owner.config_set("save", "3600 1")
    with suppress(RedisError):
        owner.save()
    owner.bgsave()
    yield
    in_the_way.rmdir()
    owner.save()


@contextmanager
def _busy(owner: Redis, directory: Path) -> Iterator[None]:
    assert directory
    owner.config_set("busy-reply-threshold", "100")

    def loop() -> None:
        with Redis(port=owner.connection_pool.connection_kwargs["port"]) as client, suppress(RedisError):
            client.eval("while true do end", 0)

    thread = threading.Thread(target=loop)
    thread.start()
    yield
    owner.script_kill()
    thread.join()


@pytest.mark.parametrize(
    ("spoil", "code"), [(_full, "OOM"), (_unable_to_save, "MISCONF"), (_busy, "BUSY")], ids=["full", "no disk", "busy"]
)
def test_a_store_that_refuses_work_under_load_is_named_and_waited_for(
    crash_installation: Installation, crash_redis: Server, owner: Redis, small_set: EventSet, spoil: Spoil, code: str
) -> None:
    first, second = small_set.parts(2)
    both = at_work(crash_installation, first)
    with spoil(owner, crash_redis.directory):
        crash_installation.produce(second)
        said = answer(both.health, "/health", both.worker, lambda page: code in page.text)
        assert '"redis":false' in said
        assert code in both.worker.said
        time.sleep(2)
        assert both.worker.code is None
    both.assert_right(small_set)
