"""Every command ends within its grace when it is told to, whatever Kafka and Redis do, however often it is told."""

import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.servers.blackhole import Blackhole
from tests.servers.cluster import Cluster
from tests.servers.tansu import tansu_server
from tests.system.event_sets import EventSet
from tests.system.installation import Installation, answer, port
from tests.system.processes import CommandProcess

# What docs/production.md says.
_GRACE_S = 35.0
_OTHERS_GRACE_S = 10.0
_BETWEEN_S = 0.2


class Behind(NamedTuple):
    """An installation whose servers lie behind networks of the test's own."""

    installation: Installation
    kafka: Blackhole
    redis: Blackhole


@pytest.fixture
def behind(redis_url: str, namespace: str, tmp_path: Path) -> Iterator[Behind]:
    """Return one with topics."""
    with (
        Blackhole() as kafka,
        Blackhole(urlsplit(redis_url).port or 0) as redis,
        tansu_server(tmp_path / "tansu", advertised=kafka.address) as server,
    ):
        kafka.target = server.port
        with Installation(Cluster(kafka.address), f"redis://{redis.address}/0", namespace, tmp_path) as installation:
            installation.create_topics()
            yield Behind(installation, kafka, redis)


def _end(program: CommandProcess, signals: int) -> float:
    began = time.monotonic()
    for _ in range(signals):
        if program.code is None:
            program.ask_to_end()
            time.sleep(_BETWEEN_S)
    program.ended()
    return time.monotonic() - began


@pytest.mark.parametrize("signals", [1, 3])
@pytest.mark.parametrize("away", ["kafka", "redis", "both"])
def test_a_worker_ends_within_its_grace(behind: Behind, small_set: EventSet, away: str, signals: int) -> None:
    installation = behind.installation
    worker = installation.worker(batch_events="50")
    installation.await_shared(worker)
    installation.produce(small_set.records[:1000])
    if away != "redis":
        behind.kafka.swallow()
    if away != "kafka":
        behind.redis.swallow()
    time.sleep(3)
    took = _end(worker, signals)
    assert took < _GRACE_S
    assert worker.code == 0


@pytest.mark.parametrize("signals", [1, 3])
def test_a_worker_ends_that_never_heard_from_kafka(behind: Behind, signals: int) -> None:
    behind.kafka.swallow()
    worker = behind.installation.worker()
    time.sleep(6)
    took = _end(worker, signals)
    assert took < _GRACE_S
    assert worker.code == 0, worker.said[-3000:]


def test_a_worker_ends_that_has_rejected_records_to_write(behind: Behind) -> None:
    installation = behind.installation
    installation.cluster.produce(f"{installation.namespace}.lead", [b"bad"] * 3)
    worker = installation.worker(redis_url=installation.store)
    behind.redis.swallow()
    time.sleep(5)
    behind.kafka.swallow()
    behind.redis.restore()
    time.sleep(12)
    took = _end(worker, 1)
    assert took < _GRACE_S
    assert worker.code == 0, worker.said[-3000:]


@pytest.mark.parametrize("signals", [1, 3])
def test_an_exporter_ends_in_time_while_a_scrape_waits_for_the_store(behind: Behind, signals: int) -> None:
    ours = port()
    exporter = behind.installation.start("exporter", exporter_port=ours)
    answer(ours, "/metrics", exporter)
    behind.redis.swallow()
    with socket.create_connection(("127.0.0.1", int(ours))) as scrape:
        scrape.sendall(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        time.sleep(0.5)
        assert _end(exporter, signals) < _OTHERS_GRACE_S
    assert exporter.code == 0


@pytest.mark.parametrize(
    "command",
    [
        "exporter --exporter-port PORT",
        "worker --drain",
        "rebuild",
        "audit",
        "topics apply",
        "topics list",
        "tail",
        "doctor",
        "dlq list",
        "dlq retry",
        "kpis",
        "explain lead l1",
        "produce FILE",
    ],
)
def test_a_command_ends_at_once_while_no_server_answers(behind: Behind, tmp_path: Path, command: str) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text("{}\n")
    behind.kafka.swallow()
    behind.redis.swallow()
    once, often = (
        behind.installation.start(*command.replace("PORT", port()).replace("FILE", str(events)).split())
        for _ in range(2)
    )
    time.sleep(3)
    assert _end(once, 1) < _OTHERS_GRACE_S
    assert _end(often, 3) < _OTHERS_GRACE_S
    assert {once.code, often.code} <= {0, -signal.SIGTERM}
