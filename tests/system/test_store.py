"""A store that is away, that dies or that goes back in time changes no number."""

import shutil
from http import HTTPStatus
from pathlib import Path

import orjson
import pytest
from redis import Redis

from stream_app.demo.embedded_servers import Server
from tests.system.event_sets import UNTIL, EventSet
from tests.system.expectations import assert_exact
from tests.system.installation import Installation, answer, port
from tests.system.processes import eventually
from tests.system.redis_proxy import RedisProxy

pytestmark = pytest.mark.slow


def test_a_worker_waits_for_the_store_and_logs_it(
    crash_installation: Installation, crash_redis: Server, small_set: EventSet
) -> None:
    installation = crash_installation
    installation.create_topics()
    installation.produce(small_set.records)
    crash_redis.stop()
    worker = installation.worker()
    eventually(lambda: "waiting for Redis, nothing is lost" in worker.said, "it says that it waits", worker)
    crash_redis.start()
    installation.await_all_applied(worker)
    assert "Redis answers again" in worker.said
    assert worker.stop() == 0
    assert_exact(installation, small_set.events, UNTIL)


def test_a_worker_without_the_password_says_so_in_health_and_waits(
    crash_installation: Installation, crash_redis: Server, small_set: EventSet
) -> None:
    installation = crash_installation
    installation.create_topics()
    installation.produce(small_set.records)
    health = port()
    with Redis(port=crash_redis.port) as owner:
        owner.config_set("requirepass", "secret")
        worker = installation.worker(worker_port=health)
        said = answer(health, "/health", worker, lambda page: "password" in page.text)
        owner.config_set("requirepass", "")
    assert orjson.loads(said)["status"] == "degraded"
    assert "wrong user name or password, or none where one is needed" in said
    assert "STREAM_APP_REDIS_PASSWORD_FILE" in said
    assert "STREAM_APP_REDIS_PASSWORD_FILE" in worker.said
    installation.await_all_applied(worker)
    answer(health, "/health", worker, lambda page: page.status == HTTPStatus.OK)
    assert worker.stop() == 0
    assert_exact(installation, small_set.events, UNTIL)


def test_a_store_killed_between_two_commits_loses_nothing(
    crash_installation: Installation, crash_redis: Server, small_set: EventSet
) -> None:
    installation = crash_installation
    installation.create_topics()
    health = port()
    with RedisProxy(crash_redis.port) as near:
        worker = installation.worker(redis_url=near.url, batch_events="50", worker_port=health)
        first, second = small_set.parts(2)
        installation.produce(first)
        answer(health, "/health", worker, lambda page: page.status == HTTPStatus.OK)
        commit = near.hold()
        installation.produce(second)
        eventually(lambda: commit.triggered, "a commit is under way", worker)
        crash_redis.kill()
        said = orjson.loads(answer(health, "/health", worker, lambda page: page.status != HTTPStatus.OK))
        assert (said["status"], said["redis"], said["kafka"]) == ("degraded", False, True)
        crash_redis.start()
        installation.await_all_applied(worker)
        answer(health, "/health", worker, lambda page: page.status == HTTPStatus.OK)
        assert worker.stop() == 0
    assert_exact(installation, small_set.events, UNTIL)


def test_a_rolled_back_store_is_brought_up_to_date(
    crash_installation: Installation, crash_redis: Server, small_set: EventSet, tmp_path: Path
) -> None:
    installation = crash_installation
    installation.create_topics()
    worker = installation.worker(batch_events="50")
    first, second = small_set.parts(2)
    installation.produce(first)
    installation.await_all_applied(worker)
    before = installation.ledger()
    crash_redis.stop()
    shutil.copytree(crash_redis.directory, tmp_path / "snapshot")
    crash_redis.start()
    installation.produce(second)
    installation.await_all_applied(worker)
    after = installation.ledger()

    crash_redis.stop()
    shutil.rmtree(crash_redis.directory)
    shutil.copytree(tmp_path / "snapshot", crash_redis.directory)
    worker.suspend()
    crash_redis.start()
    assert installation.ledger() == before
    worker.resume()
    installation.await_all_applied(worker)
    assert installation.ledger() == after
    assert worker.stop() == 0
    assert_exact(installation, small_set.events, UNTIL)
