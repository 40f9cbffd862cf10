"""Static members of a real Kafka's group: workers that have names of their own."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from stream_app.store.keys import Partition
from tests.servers.cluster import Cluster
from tests.system.event_sets import UNTIL, EventSet
from tests.system.expectations import assert_exact
from tests.system.installation import Installation, answer, port
from tests.system.processes import CommandProcess, eventually

_ASSIGNED = " assigned: ["
_CAUSE = "another worker has joined the group with this one's instance id (FENCED_INSTANCE_ID)"


@pytest.fixture
def static(real_kafka: str, redis_url: str, namespace: str, tmp_path: Path) -> Iterator[Installation]:
    """Return an installation whose workers may be away for longer than any restart takes."""
    with Installation(Cluster(real_kafka), redis_url, namespace, tmp_path, session_timeout_s="60") as made:
        made.create_topics()
        yield made


@pytest.mark.parametrize("end", [CommandProcess.stop, CommandProcess.kill], ids=["in order", "killed"])
def test_a_static_worker_has_its_partitions_back_without_a_rebalance(
    static: Installation, small_set: EventSet, end: Callable[[CommandProcess], object]
) -> None:
    first, second, third = small_set.parts(3)
    names = "worker-0", "worker-1"
    static.produce(first)
    one, other = (static.worker(instance_id=name) for name in names)
    static.await_shared(one, other)
    static.await_all_applied(one, other)
    # Each of them in turn, because one of them leads the group.
    for name, records in zip(names, (second, third), strict=True):
        had, assigned = one.partitions, other.said.count(_ASSIGNED)
        end(one)
        static.produce(records)
        again = static.worker(instance_id=name)
        _await_partitions(again, had)
        static.await_all_applied(again, other)
        assert other.said.count(_ASSIGNED) == assigned
        one, other = other, again
    assert (one.stop(), other.stop()) == (0, 0)
    assert_exact(static, small_set.events, UNTIL)


def _await_partitions(worker: CommandProcess, partitions: set[Partition]) -> None:
    eventually(lambda: worker.partitions == partitions, "it has its partitions back", worker)


def test_a_static_worker_that_led_before_its_restart_finds_new_partitions(
    static: Installation, small_set: EventSet
) -> None:
    first, second = small_set.parts(2)
    static.produce(first)
    worker = static.worker(instance_id="worker-0")
    static.await_all_applied(worker)
    assert worker.stop() == 0
    again = static.worker(instance_id="worker-0")
    static.await_shared(again)
    with static.cluster.admin() as admin:
        admin.create_partitions(dict.fromkeys(static.topics, 4))
    static.await_shared(again)
    static.produce(second)
    static.await_all_applied(again)
    assert again.stop() == 0
    assert_exact(static, small_set.events, UNTIL)


def test_of_two_workers_of_one_name_the_older_one_waits_and_says_why(static: Installation, small_set: EventSet) -> None:
    first, second, third = small_set.parts(3)
    old_health, new_health = port(), port()
    static.produce(first)
    older = static.worker(instance_id="twin", worker_port=old_health, session_timeout_s="6")
    static.await_all_applied(older)
    newer = static.worker(instance_id="twin", worker_port=new_health, session_timeout_s="6")
    answer(
        old_health, "/health", older, lambda page: page.status == HTTPStatus.SERVICE_UNAVAILABLE and _CAUSE in page.text
    )
    assert older.said.count(f"{_CAUSE}. Give each worker an STREAM_APP_INSTANCE_ID of its own") == 1
    static.produce(second)
    static.await_all_applied(older, newer)
    answer(new_health, "/health", newer, lambda page: page.status == HTTPStatus.OK)
    assert _CAUSE not in newer.said
    newer.kill()
    static.produce(third)
    static.await_all_applied(older)
    answer(old_health, "/health", older, lambda page: page.status == HTTPStatus.OK)
    assert "Kafka refuses nothing any more" in older.said
    assert older.stop() == 0
    assert_exact(static, small_set.events, UNTIL)
