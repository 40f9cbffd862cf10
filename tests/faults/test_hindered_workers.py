"""Workers whose event loop stands still, whose batches or clocks are wrong, and groups that grow and shrink."""

import sys
from http import HTTPStatus

import pytest

from stream_app.demo.embedded_servers import Server
from tests.system.event_sets import UNTIL, EventSet
from tests.system.expectations import assert_exact
from tests.system.installation import Installation, answer, get, port
from tests.system.processes import CommandProcess, eventually


def _hindered(installation: Installation, fault: str, **environment: str) -> CommandProcess:
    program = [sys.executable, "-m", "tests.faults.hindered_worker", fault]
    return installation.start_by(program, "worker", **environment)


@pytest.mark.parametrize("fault", ["blocks its event loop", "applies a batch for long"])
def test_a_batch_that_outlasts_a_rebalance_changes_no_number(
    crash_installation: Installation, small_set: EventSet, fault: str
) -> None:
    installation = crash_installation
    installation.create_topics()
    first, second = small_set.parts(2)
    installation.produce(first)
    health = port()
    slow = _hindered(installation, fault, batch_events="50", worker_port=health)
    eventually(lambda: "hindered" in slow.said, "a batch takes long", slow)
    other = installation.worker(batch_events="50")
    installation.produce(second)
    eventually(lambda: bool(other.partitions), "the other is given partitions", slow, other)
    installation.await_all_applied(slow, other)
    answer(health, "/health", slow, lambda page: page.status == HTTPStatus.OK)
    installation.await_shared(slow, other)
    assert (slow.stop(), other.stop()) == (0, 0)
    assert_exact(installation, small_set.events, UNTIL)


def test_health_says_that_the_event_loop_stands_still(crash_installation: Installation, small_set: EventSet) -> None:
    installation = crash_installation
    installation.create_topics()
    installation.produce(small_set.records)
    health = port()
    worker = _hindered(installation, "blocks its event loop", batch_events="50", worker_port=health)
    eventually(lambda: "hindered" in worker.said, "the event loop stands still", worker)
    stalled = answer(health, "/health", worker, lambda page: '"status":"stalled"' in page.text)
    assert '"stalled_s":' in stalled
    page = get(health, "/health")
    assert page is not None
    assert page.status == HTTPStatus.SERVICE_UNAVAILABLE
    installation.await_all_applied(worker)
    answer(health, "/health", worker, lambda page: page.status == HTTPStatus.OK)
    assert worker.stop() == 0
    assert_exact(installation, small_set.events, UNTIL)


def test_one_worker_becomes_three_and_one_again(crash_installation: Installation, small_set: EventSet) -> None:
    installation = crash_installation
    installation.create_topics()
    parts = small_set.parts(5)
    first = installation.worker(batch_events="50")
    installation.produce(parts[0])
    installation.await_shared(first)
    others = [installation.worker(batch_events="50") for _ in range(2)]
    installation.produce(parts[1])
    installation.await_shared(first, *others)
    installation.produce(parts[2])
    assert [worker.stop() for worker in others] == [0, 0]
    installation.produce(parts[3])
    installation.await_shared(first)
    installation.produce(parts[4])
    installation.await_all_applied(first)
    assert first.stop() == 0
    assert_exact(installation, small_set.events, UNTIL)


@pytest.mark.parametrize("fault", ["clock ahead", "clock behind"])
def test_a_worker_whose_clock_is_an_hour_off_counts_the_same(
    crash_installation: Installation, crash_redis: Server, small_set: EventSet, fault: str
) -> None:
    del crash_redis
    installation = crash_installation
    installation.create_topics()
    health, metrics = port(), port()
    worker = _hindered(installation, fault, worker_port=health)
    exporter = installation.start("exporter", exporter_port=metrics)
    installation.produce(small_set.records)
    installation.await_all_applied(worker)
    answer(health, "/health", worker, lambda page: page.status == HTTPStatus.OK)
    answer(metrics, "/metrics", exporter, lambda page: "\nstream_app_data_fresh 1.0\n" in page.text)
    ages = answer(metrics, "/metrics", exporter, lambda page: "\nstream_app_data_age_seconds" in page.text)
    [age] = [float(line.split()[1]) for line in ages.splitlines() if line.startswith("stream_app_data_age_seconds ")]
    assert 0 <= age < 60
    assert worker.stop() == 0
    assert not installation.dead_letters()
    assert_exact(installation, small_set.events, UNTIL)
