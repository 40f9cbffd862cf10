"""A virtual address leads to another server: everybody follows, although the old one keeps its connections."""

import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
import redis

from stream_app.demo.embedded_servers import Server, redis_server
from tests.servers.replication import connections, follow, promote
from tests.system.event_sets import UNTIL, EventSet
from tests.system.expectations import assert_exact
from tests.system.installation import Installation, answer, get, port
from tests.system.processes import eventually
from tests.system.redis_proxy import RedisProxy


@pytest.fixture
def other(crash_redis: Server, tmp_path: Path) -> Iterator[Server]:
    """Run a replica of the store."""
    with redis_server(tmp_path / "other", appendonly=True) as server:
        follow(server, crash_redis)
        yield server


def test_worker_and_exporter_leave_a_demoted_primary(
    crash_installation: Installation, crash_redis: Server, other: Server, small_set: EventSet
) -> None:
    installation = crash_installation
    installation.create_topics()
    first, second = small_set.parts(2)
    health, metrics = port(), port()
    with RedisProxy(crash_redis.port) as near:
        worker = installation.worker(redis_url=near.url, batch_events="50", worker_port=health)
        exporter = installation.start("exporter", redis_url=near.url, exporter_port=metrics)
        installation.produce(first)
        eventually(lambda: installation.applied() > len(first) / 2, "it is at work", worker)
        answer(metrics, "/metrics", exporter, lambda page: "\nstream_app_redis_up 1.0\n" in page.text)

        promote(other)
        follow(crash_redis, other)
        said = orjson.loads(answer(health, "/health", worker, lambda page: '"redis":false' in page.text))
        assert said["status"] == "degraded"
        assert "READONLY" in said["redis_error"]
        installation.produce(second)
        # The watchdog reads meanwhile, and a replica answers reads.
        until = time.monotonic() + 3
        while time.monotonic() < until:
            page = get(health, "/health")
            assert page is not None
            assert '"redis":false' in page.text
        assert "\nstream_app_redis_up 0.0\n" in answer(metrics, "/metrics", exporter)

        near.lead_to(other.port)
        installation.store = f"redis://{other.address}/0"
        installation.await_all_applied(worker)
        answer(health, "/health", worker, lambda page: page.status == 200)
        answer(metrics, "/metrics", exporter, lambda page: "\nstream_app_redis_up 1.0\n" in page.text)
        assert worker.stop() == 0
    with redis.Redis(port=crash_redis.port) as demoted:
        assert connections(demoted) == 1, "nobody but this test is left"
    assert_exact(installation, small_set.events, UNTIL)
