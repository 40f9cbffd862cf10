"""A store that is away, that dies or that goes back in time changes no number."""

import shutil
from http import HTTPStatus
from pathlib import Path

import orjson
import pytest

from stream_app.demo.embedded_servers import Server
from tests.system.judgment import assert_exact
from tests.system.program import eventually
from tests.system.proxy import Proxy
from tests.system.site import Site, answer, port
from tests.system.story import UNTIL, Story

pytestmark = pytest.mark.faults


def test_a_worker_waits_for_a_store_that_is_not_there_yet_and_says_so(
    crash_site: Site, crash_redis: Server, short: Story
) -> None:
    site = crash_site
    site.create_topics()
    site.produce(short.records)
    crash_redis.stop()
    worker = site.worker()
    eventually(lambda: "Redis does not answer" in worker.said, "it says that it waits", worker)
    crash_redis.start()
    site.await_all_applied(worker)
    assert "Redis answers again" in worker.said
    assert worker.stop() == 0
    assert_exact(site, short.events, UNTIL)


def test_a_store_that_is_killed_between_two_commits_costs_nothing(
    crash_site: Site, crash_redis: Server, short: Story
) -> None:
    site = crash_site
    site.create_topics()
    health = port()
    with Proxy(crash_redis.port) as near:
        worker = site.worker(redis_url=near.url, batch_events="50", worker_port=health)
        first, second = short.chapters(2)
        site.produce(first)
        answer(health, "/health", worker, lambda page: page.status == HTTPStatus.OK)
        commit = near.hold()
        site.produce(second)
        eventually(lambda: commit.struck, "a commit is under way", worker)
        crash_redis.kill()
        said = orjson.loads(answer(health, "/health", worker, lambda page: page.status != HTTPStatus.OK))
        assert (said["status"], said["redis"], said["kafka"]) == ("degraded", False, True)
        crash_redis.start()
        site.await_all_applied(worker)
        answer(health, "/health", worker, lambda page: page.status == HTTPStatus.OK)
        assert worker.stop() == 0
    assert_exact(site, short.events, UNTIL)


def test_a_store_that_goes_back_in_time_is_brought_up_to_date(
    crash_site: Site, crash_redis: Server, short: Story, tmp_path: Path
) -> None:
    site = crash_site
    site.create_topics()
    worker = site.worker(batch_events="50")
    first, second = short.chapters(2)
    site.produce(first)
    site.await_all_applied(worker)
    before = site.ledger()
    crash_redis.stop()
    shutil.copytree(crash_redis.directory, tmp_path / "snapshot")
    crash_redis.start()
    site.produce(second)
    site.await_all_applied(worker)
    after = site.ledger()

    crash_redis.stop()
    shutil.rmtree(crash_redis.directory)
    shutil.copytree(tmp_path / "snapshot", crash_redis.directory)
    worker.freeze()
    crash_redis.start()
    assert site.ledger() == before
    worker.thaw()
    site.await_all_applied(worker)
    assert site.ledger() == after
    assert worker.stop() == 0
    assert_exact(site, short.events, UNTIL)
