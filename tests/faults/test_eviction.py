"""A store that may evict keys: a worker stands still rather than count wrongly, and says why."""

from http import HTTPStatus

import orjson
import pytest
import redis

from stream_app.demo.embedded_servers import Server
from tests.system.event_sets import UNTIL, EventSet
from tests.system.expectations import assert_exact
from tests.system.installation import Installation, answer, get, port
from tests.system.processes import eventually

CAUSE = "maxmemory-policy is volatile-lru and has to be noeviction: a store that evicts loses numbers"


@pytest.fixture
def store(crash_redis: Server) -> redis.Redis:
    return redis.Redis(port=crash_redis.port)


def test_a_worker_applies_nothing_until_the_store_evicts_no_longer(
    crash_installation: Installation, store: redis.Redis, small_set: EventSet
) -> None:
    installation = crash_installation
    installation.create_topics()
    installation.produce(small_set.records)
    with store:
        store.config_set("maxmemory-policy", "volatile-lru")
        health = port()
        worker = installation.worker(worker_port=health)
        eventually(lambda: bool(worker.partitions), "it has partitions", worker)
        said = orjson.loads(answer(health, "/health", worker, lambda page: '"kafka":true' in page.text))
        assert (said["status"], said["store_unsafe"], said["redis"]) == ("degraded", CAUSE, True)
        assert f"nothing is applied until this is mended: {CAUSE}" in worker.said
        assert "\nstream_app_store_unsafe 1.0\n" in answer(health, "/metrics", worker)
        assert installation.ledger() == {}
        store.config_set("maxmemory-policy", "noeviction")
    installation.await_all_applied(worker)
    answer(health, "/health", worker, lambda page: page.status == HTTPStatus.OK)
    assert "\nstream_app_store_unsafe 0.0\n" in answer(health, "/metrics", worker)
    assert worker.stop() == 0
    assert_exact(installation, small_set.events, UNTIL)


def test_a_policy_that_changes_while_a_worker_runs_stops_it(
    crash_installation: Installation, store: redis.Redis, small_set: EventSet
) -> None:
    installation = crash_installation
    installation.create_topics()
    first, second = small_set.parts(2)
    installation.produce(first)
    health = port()
    worker = installation.worker(worker_port=health)
    installation.await_all_applied(worker)
    with store:
        store.config_set("maxmemory-policy", "allkeys-lru")
        answer(health, "/health", worker, lambda page: "maxmemory-policy is allkeys-lru" in page.text)
        before = installation.ledger()
        installation.produce(second)
        answer(health, "/metrics", worker, lambda page: _lag(page.text) > 0)
        assert installation.ledger() == before
        # Somebody else's key is evicted meanwhile.
        store.set("cache", b"x" * 1_000_000)
        store.config_set("maxmemory", 1)
        eventually(lambda: store.dbsize() == 0, "everything is evicted", worker)
        store.config_set("maxmemory", 0)
        store.config_set("maxmemory-policy", "noeviction")
    installation.await_all_applied(worker)
    assert "keys meanwhile: if any was of this namespace, numbers are wrong" in worker.said
    assert worker.stop() == 0
    assert_exact(installation, small_set.events, UNTIL)


def test_a_held_worker_stays_held_while_the_policy_cannot_be_read(
    crash_installation: Installation, store: redis.Redis, small_set: EventSet
) -> None:
    installation = crash_installation
    installation.create_topics()
    installation.produce(small_set.records)
    health = port()
    with store:
        store.acl_setuser("app", enabled=True, passwords=["+secret"], keys=["*"], commands=["+@all"])
        store.config_set("maxmemory-policy", "volatile-lru")
        worker = installation.worker(worker_port=health, redis_username="app", redis_password="secret")  # noqa: S106
        answer(health, "/health", worker, lambda page: CAUSE in page.text)
        store.acl_setuser("app", enabled=True, commands=["-info", "-config"])
        eventually(lambda: "tells its maxmemory-policy neither" in worker.said, "it cannot read it", worker)
        # What it cannot see is mended, and it does not go on by a guess.
        store.config_set("maxmemory-policy", "noeviction")
        refused = _refused(store)
        eventually(lambda: _refused(store) > refused + 4, "it looks again and again", worker)
        page = get(health, "/health")
        assert page is not None
        assert (page.status, CAUSE in page.text) == (HTTPStatus.SERVICE_UNAVAILABLE, True)
        assert installation.ledger() == {}
        store.acl_setuser("app", enabled=True, commands=["+info"])
    installation.await_all_applied(worker)
    answer(health, "/health", worker, lambda page: page.status == HTTPStatus.OK)
    assert worker.stop() == 0
    assert_exact(installation, small_set.events, UNTIL)


def _refused(store: redis.Redis) -> int:
    """Return how many commands the store has refused for want of a right."""
    return int(store.info("stats")["acl_access_denied_cmd"])


def test_a_rebuild_does_not_begin_on_a_store_that_evicts(
    crash_installation: Installation, store: redis.Redis, small_set: EventSet
) -> None:
    installation = crash_installation
    installation.create_topics()
    installation.produce(small_set.parts(9)[0])
    with store:
        store.config_set("maxmemory-policy", "volatile-lru")
        code, _ = installation.try_run("rebuild")
        assert code == 1
        assert f"{CAUSE}. Nothing was computed" in installation.logs
        assert store.dbsize() == 0
        store.config_set("maxmemory-policy", "noeviction")
    installation.run("rebuild")


@pytest.mark.parametrize(
    ("rights", "unsafe"), [(("-info", "+config|get"), True), (("-info", "-config"), False)], ids=["by CONFIG", "not"]
)
def test_a_policy_is_read_where_info_is_forbidden(
    crash_installation: Installation, store: redis.Redis, rights: tuple[str, ...], *, unsafe: bool
) -> None:
    installation = crash_installation
    installation.create_topics()
    with store:
        store.acl_setuser("app", enabled=True, passwords=["+secret"], keys=["*"], commands=["+@all", *rights])
        store.config_set("maxmemory-policy", "volatile-lru")
    health = port()
    worker = installation.worker(worker_port=health, redis_username="app", redis_password="secret")  # noqa: S106
    answer(health, "/health", worker, lambda page: '"kafka":true' in page.text)
    page = get(health, "/health")
    assert page is not None
    assert (page.status == HTTPStatus.SERVICE_UNAVAILABLE) == unsafe == ("volatile-lru" in page.text)
    loud = "tells its maxmemory-policy neither by INFO nor by CONFIG GET"
    assert worker.said.count(loud) == (not unsafe)
    assert worker.stop() == 0


def _lag(metrics: str) -> float:
    return sum(
        float(line.rpartition(" ")[2]) for line in metrics.splitlines() if line.startswith("stream_app_consumer_lag{")
    )
