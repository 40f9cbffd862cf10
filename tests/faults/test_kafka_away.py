"""A worker that is started before Kafka waits for it, says why, and goes on when it comes."""

import json
import time
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.servers.blackhole import Blackhole
from tests.servers.cluster import Cluster
from tests.servers.tansu import tansu_server
from tests.system.event_sets import UNTIL, EventSet
from tests.system.expectations import assert_exact
from tests.system.installation import Installation, answer, port

_CAUSE = "nothing listens there. Start it, or correct STREAM_APP_KAFKA_URL"
# The longest that a worker may take to end.
_GRACE_S = 35.0


@pytest.fixture
def network() -> Blackhole:
    """Return a network to a broker at which nobody listens yet."""
    return Blackhole()


def test_a_worker_waits_for_kafka_says_why_once_and_goes_on(
    network: Blackhole, redis_url: str, namespace: str, tmp_path: Path, small_set: EventSet
) -> None:
    health = port()
    with Installation(Cluster(network.address), redis_url, namespace, tmp_path) as installation:
        worker = installation.worker(worker_port=health)
        page = json.loads(answer(health, "/health", worker, lambda page: _CAUSE in page.text))
        assert (page["status"], page["kafka"], len(page["kafka_errors"])) == ("degraded", False, 1)
        answer(health, "/health", worker, lambda page: page.status == HTTPStatus.SERVICE_UNAVAILABLE)
        metrics = answer(health, "/metrics", worker)
        assert "\nstream_app_kafka_up 0.0\n" in metrics
        assert "\nstream_app_kafka_refusals 1.0\n" in metrics
        time.sleep(10)
        assert worker.said.count(_CAUSE) == 1
        with network, tansu_server(tmp_path / "tansu", advertised=network.address) as server:
            network.target = server.port
            installation.create_topics()
            installation.produce(small_set.records)
            installation.await_all_applied(worker)
            answer(health, "/health", worker, lambda page: page.status == HTTPStatus.OK)
            assert "Kafka answers again" in worker.said
            assert worker.stop() == 0
            assert_exact(installation, small_set.events, UNTIL)


def test_a_worker_that_waits_for_kafka_ends_at_a_signal(
    network: Blackhole, redis_url: str, namespace: str, tmp_path: Path
) -> None:
    with Installation(Cluster(network.address), redis_url, namespace, tmp_path) as installation:
        health = port()
        worker = installation.worker(worker_port=health)
        answer(health, "/health", worker, lambda page: _CAUSE in page.text)
        began = time.monotonic()
        assert worker.stop() == 0
        assert time.monotonic() - began < _GRACE_S


@pytest.mark.parametrize("command", [("worker", "--drain"), ("rebuild",)], ids=" ".join)
def test_a_command_that_ends_does_not_wait_for_kafka(
    network: Blackhole, redis_url: str, namespace: str, tmp_path: Path, command: tuple[str, ...]
) -> None:
    with Installation(Cluster(network.address), redis_url, namespace, tmp_path) as installation:
        code, _ = installation.try_run(*command)
        assert code == 69
        assert _CAUSE in installation.logs
