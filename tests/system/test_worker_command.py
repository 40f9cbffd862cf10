"""How the command `worker` begins and ends."""

from pathlib import Path

import pytest

from stream_app.demo.embedded_servers import Server
from tests.system.event_sets import UNTIL, EventSet
from tests.system.expectations import assert_exact
from tests.system.installation import Installation
from tests.system.processes import eventually
from tests.system.redis_proxy import RedisProxy


def test_a_worker_with_other_definitions_does_not_write(installation: Installation, small_set: EventSet) -> None:
    first, second = small_set.parts(2)
    installation.create_topics()
    installation.produce(first)
    installation.drain()
    stood = installation.ledger()
    installation.produce(second)
    stranger = installation.worker(timezone="Asia/Tokyo")
    assert stranger.ended() == 5
    assert "stream-app rebuild" in stranger.said
    assert installation.ledger() == stood
    installation.drain()
    assert_exact(installation, small_set.events, UNTIL)


def test_sigterm_finishes_the_batch_and_commits_the_ledgers_offsets(
    crash_installation: Installation, crash_redis: Server, small_set: EventSet
) -> None:
    installation = crash_installation
    installation.create_topics()
    with RedisProxy(crash_redis.port) as near:
        worker = installation.worker(redis_url=near.url, batch_events="20")
        installation.await_shared(worker)
        last = near.hold()
        installation.produce(small_set.records)
        eventually(lambda: last.triggered, "a commit is under way", worker)
        before = installation.applied()
        worker.ask_to_end()
        assert b"applied" in last.release()
        assert worker.ended() == 0
    applied = installation.ledger()
    assert before < sum(applied.values()) < len(small_set.records)
    assert {source: offset for source, offset in installation.committed().items() if offset} == applied
    installation.drain()
    assert_exact(installation, small_set.events, UNTIL)


def test_a_worker_needs_no_space_on_disk(
    installation: Installation, small_set: EventSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    installation.create_topics()
    installation.produce(small_set.records)
    worker = installation.worker()
    installation.await_all_applied(worker)
    assert list(temporary.iterdir()) == []
    worker.kill()


def test_draining_workers_all_end_and_leave_no_lag(installation: Installation, small_set: EventSet) -> None:
    installation.create_topics()
    installation.produce(small_set.records)
    workers = [installation.worker("--drain", batch_events="100") for _ in range(2)]
    assert [worker.ended() for worker in workers] == [0, 0]
    ends = {source: end for source, end in installation.ends().items() if end}
    assert installation.ledger() == ends
    assert {source: offset for source, offset in installation.committed().items() if offset} == ends
    assert_exact(installation, small_set.events, UNTIL)


def test_a_drain_of_an_applied_log_commits_the_offsets_of_its_group(
    installation: Installation, small_set: EventSet
) -> None:
    installation.create_topics()
    installation.produce(small_set.records)
    installation.drain()
    second = f"{installation.namespace}-second"
    installation.drain(group=second)
    ends = {source: end for source, end in installation.ends().items() if end}
    assert {source: offset for source, offset in installation.committed(second).items() if offset} == ends
