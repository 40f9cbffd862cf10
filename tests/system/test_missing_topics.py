"""Nothing makes a topic but `topics apply`, on a broker that would make any topic that is asked for."""

import json

import pytest

from tests.system.event_sets import EventSet
from tests.system.installation import Installation, answer, port

_FIX = "stream-app topics apply"


def _existing(installation: Installation) -> set[str]:
    with installation.cluster.admin() as admin:
        return {name for name in admin.list_topics() if name.startswith(f"{installation.namespace}.")}


def test_a_worker_waits_for_its_topics_and_creates_none(installation: Installation, small_set: EventSet) -> None:
    at = port()
    worker = installation.worker(worker_port=at)
    wanted = sorted([*installation.topics, f"{installation.namespace}.dlq"])
    page = answer(at, "/health", worker, lambda page: json.loads(page.text).get("missing_topics") == wanted)
    assert json.loads(page)["fix"] == _FIX
    answer(at, "/health", worker, lambda page: page.status == 503)
    answer(at, "/metrics", worker, lambda page: f"\nstream_app_missing_topics {len(wanted)}.0\n" in page.text)
    assert _FIX in worker.said
    assert not _existing(installation)
    installation.run("topics", "apply", "--partitions", "2")
    installation.produce(small_set.records[:100])
    installation.await_all_applied(worker)
    answer(at, "/health", worker, lambda page: page.status == 200)
    assert worker.stop() == 0


def test_a_topic_that_is_deleted_is_missed_and_not_made_again(installation: Installation) -> None:
    at, topic = port(), f"{installation.namespace}.spend"
    installation.run("topics", "apply", "--partitions", "1")
    worker = installation.worker(worker_port=at)
    answer(at, "/health", worker, lambda page: page.status == 200)
    with installation.cluster.admin() as admin:
        admin.delete_topics([topic])
    answer(at, "/health", worker, lambda page: json.loads(page.text)["missing_topics"] == [topic])
    assert topic not in _existing(installation)
    installation.run("topics", "apply", "--partitions", "1")
    answer(at, "/health", worker, lambda page: page.status == 200 and f"{topic}" in page.text)


@pytest.mark.parametrize(
    "command",
    [("worker", "--drain"), ("rebuild",), ("produce", "-"), ("dlq", "list"), ("dlq", "retry"), ("audit",)],
    ids=" ".join,
)
def test_no_command_creates_a_topic(installation: Installation, command: tuple[str, ...]) -> None:
    code, _ = installation.try_run(*command)
    assert code != 2, "the command is there"
    assert not _existing(installation)
