"""A small simulated company in a store, for all tests of the exporter, and a client of that store."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from redis import Redis

from stream_app.clients.settings import Settings
from stream_app.demo.simulator import Plan
from tests.monitoring.dashboards.store_content import Company, fill


@pytest.fixture(scope="session")
def plan() -> Plan:
    """Return what the company goes through."""
    return Plan(seed=7, leads=200, until=datetime(2025, 6, 18, 15, 30, tzinfo=UTC))


@pytest.fixture(scope="session")
def company(redis_url: str, plan: Plan) -> Company:
    """Return a company of 200 leads whose numbers are in a store."""
    settings = Settings.load(redis_url=redis_url, namespace="exporter-tests")
    return fill(settings, plan)


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    """Return a client; the keys of a test are those of its `namespace`."""
    with Redis.from_url(redis_url) as client:
        yield client
