"""What gateways say of their sources, in a real store."""

import pytest
from redis import Redis

from stream_app.store import sources
from stream_app.store.keys import sources_key
from stream_app.store.sources import SourceAges, report_sources, source_ages


def test_nobody_has_ever_said_anything(redis: Redis, namespace: str) -> None:
    assert source_ages(redis, namespace) == SourceAges({}, are_known=False)


def test_a_source_is_as_old_as_what_it_posted_last(redis: Redis, namespace: str) -> None:
    report_sources(redis, namespace, ["stripe", "hubspot"], {"stripe": 100.0})
    found = source_ages(redis, namespace)
    assert found.are_known
    assert found.ages["hubspot"] is None
    assert found.ages["stripe"] == pytest.approx(100, abs=10)
    stored = float(redis.hget(sources_key(namespace), "received:stripe") or 0)
    seconds, _ = redis.time()
    assert abs(seconds - 100 - stored) < 10


def test_a_gateway_that_was_restarted_forgets_nothing(redis: Redis, namespace: str) -> None:
    report_sources(redis, namespace, ["stripe"], {"stripe": 100.0})
    report_sources(redis, namespace, ["stripe"], {})
    report_sources(redis, namespace, ["stripe"], {"stripe": 500.0})
    assert source_ages(redis, namespace).ages["stripe"] == pytest.approx(100, abs=10)


def test_a_source_that_no_gateway_takes_any_more_is_left_out(redis: Redis, namespace: str) -> None:
    report_sources(redis, namespace, ["stripe", "hubspot"], {})
    redis.hincrby(sources_key(namespace), "seen:hubspot", -sources.SEEN_S - 5)
    assert source_ages(redis, namespace).ages.keys() == {"stripe"}


def test_ages_are_not_known_where_no_gateway_reports(redis: Redis, namespace: str) -> None:
    report_sources(redis, namespace, ["stripe"], {"stripe": 0.0})
    redis.hincrby(sources_key(namespace), "seen:stripe", -sources.SEEN_S - 5)
    found = source_ages(redis, namespace)
    assert not found.are_known
    assert found.ages.keys() == {"stripe"}


@pytest.mark.parametrize("names", [[], ["stripe"]])
def test_a_report_of_nothing_is_no_error(redis: Redis, namespace: str, names: list[str]) -> None:
    report_sources(redis, namespace, names, {})
