"""How many exporters are scraped, on a real store, with the rights that the docs give to the exporter's user."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import NoPermissionError

from stream_app.clients.connections import sync_redis
from stream_app.clients.settings import Settings
from stream_app.exporter.exporters import ExportersCollector
from stream_app.store.exporters import LEASE_S, ExporterLease
from stream_app.store.keys import exporters_key

_PRODUCTION = Path(__file__).parents[2] / "docs" / "production.md"


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with sync_redis(Settings.load(redis_url=redis_url)) as connected:
        yield connected
        connected.delete(exporters_key("counted"), exporters_key("lifecycle"))


def exported(lease: ExporterLease) -> float | None:
    """What a scrape of the exporter that holds the lease says."""
    values = [sample.value for family in ExportersCollector(lease).collect() for sample in family.samples]
    return values[0] if values else None


def test_every_exporter_that_is_scraped_counts_once(redis: Redis) -> None:
    first, second = ExporterLease(redis, "counted"), ExporterLease(redis, "counted")
    assert [exported(first), exported(first)] == [1, 1]
    assert [exported(second), exported(first)] == [2, 2]
    second.end()
    assert exported(first) == 1


def test_exporters_of_other_namespaces_do_not_count(redis: Redis) -> None:
    assert exported(ExporterLease(redis, "counted")) == 1
    assert exported(ExporterLease(redis, "lifecycle")) == 1


@pytest.mark.parametrize(("age", "count"), [(LEASE_S - 30, 2), (LEASE_S + 1, 1)])
def test_an_exporter_that_is_no_longer_scraped_ceases_to_count(redis: Redis, age: int, count: int) -> None:
    seconds, _ = redis.time()
    redis.zadd(exporters_key("counted"), {"of before": seconds - age})
    assert exported(ExporterLease(redis, "counted")) == count


def test_a_store_that_does_not_answer_is_not_counted_in() -> None:
    with sync_redis(Settings.load(redis_url="redis://127.0.0.1:1/0")) as nowhere:
        assert exported(ExporterLease(nowhere, "counted")) is None


@contextmanager
def as_user(redis: Redis, rights: str) -> Iterator[Redis]:
    command: Any = redis.execute_command
    command("ACL", "SETUSER", "exporter", "reset", *re.findall(r"\([^)]*\)|\S+", rights))
    parameters = redis.get_connection_kwargs() | {"username": "exporter", "password": "PASSWORD"}
    with Redis(**{name: parameters[name] for name in ("host", "port", "username", "password")}) as connected:
        yield connected
    command("ACL", "DELUSER", "exporter")


def _documented_rights() -> str:
    (rights,) = re.findall(r"^user exporter (.*)$", _PRODUCTION.read_text("utf-8"), flags=re.MULTILINE)
    return str(rights)


def test_the_documented_user_writes_that_it_runs_and_nothing_else(redis: Redis) -> None:
    with as_user(redis, _documented_rights()) as connected:
        assert exported(ExporterLease(connected, "lifecycle")) == 1
        ExporterLease(connected, "lifecycle").end()
        for key in ("{lifecycle}:generations", "{lifecycle}:1:level"):
            with pytest.raises(NoPermissionError):
                connected.hset(key, "field", "1")


def test_a_user_without_the_right_is_warned_once(redis: Redis, caplog: pytest.LogCaptureFixture) -> None:
    rights = _documented_rights().partition("(")[0]
    with as_user(redis, rights) as connected:
        collector = ExportersCollector(ExporterLease(connected, "lifecycle"))
        assert [*collector.collect(), *collector.collect()] == []
    assert [record.getMessage() for record in caplog.records if "docs/production.md" in record.getMessage()]
    assert len(caplog.records) == 1
