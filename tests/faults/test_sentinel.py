"""Sentinels elect another primary, after a crash or as planned: everybody follows, and no number changes."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.installation import ChangingInstallation, at_work
from tests.servers.cluster import Cluster
from tests.servers.sentinels import SENTINEL_PASSWORD, SERVER_PASSWORD, Watched, watched_servers
from tests.system.event_sets import UNTIL, EventSet


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with watched_servers(tmp_path / "stores") as found:
        yield found


@pytest.fixture
def installation(
    crash_cluster: Cluster, watched: Watched, namespace: str, tmp_path: Path
) -> Iterator[ChangingInstallation]:
    secrets = {"redis_password": SERVER_PASSWORD, "redis_sentinel_password": SENTINEL_PASSWORD}
    with ChangingInstallation(crash_cluster, watched.url, namespace, tmp_path, **secrets) as made:
        yield made


def _kill(watched: Watched) -> Callable[[], None]:
    before = watched.primary
    before.kill()
    return lambda: watched.await_another_primary(before)


def _plan(watched: Watched) -> Callable[[], None]:
    before = watched.fail_over()
    return lambda: watched.await_end(before)


@pytest.mark.parametrize("fail_over", [_kill, _plan], ids=["killed", "planned"])
def test_numbers_are_right_after_another_primary_was_elected(
    installation: ChangingInstallation,
    watched: Watched,
    small_set: EventSet,
    fail_over: Callable[[Watched], Callable[[], None]],
) -> None:
    first, second, third = small_set.parts(3)
    both = at_work(installation, first)
    installation.produce(second)
    await_end = fail_over(watched)
    installation.produce(third)
    await_end()
    both.assert_right(small_set)


def test_every_command_finds_the_primary_by_the_sentinels(
    installation: ChangingInstallation, watched: Watched, small_set: EventSet
) -> None:
    installation.create_topics()
    installation.produce(small_set.parts(3)[0])
    installation.drain()
    watched.await_end(watched.fail_over())
    # What the election lost is read again.
    installation.drain()
    as_of = ("--as-of", UNTIL.isoformat())
    assert json.loads(installation.run("audit", "--json", *as_of))["differences"] == []
    installation.run("rebuild")
    assert json.loads(installation.run("audit", "--json", *as_of))["differences"] == []
    findings = {each["check"]: each for each in json.loads(installation.try_run("doctor", "--json")[1])}
    assert [findings[check]["status"] for check in ("redis", "redis eviction", "script", "clock", "ledger")] == [
        "ok"
    ] * 5
    assert f"redis-cli -h 127.0.0.1 -p {watched.primary.port} --askpass" in findings["redis persistence"]["fix"]


def test_sentinels_do_not_get_the_password_of_the_servers(
    installation: ChangingInstallation,
) -> None:
    code, _ = installation.try_run("kpis", redis_sentinel_password="")
    assert code == 69
    assert "Redis at redis+sentinel://" in installation.logs
    assert SERVER_PASSWORD not in installation.logs
