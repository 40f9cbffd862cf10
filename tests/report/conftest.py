"""A store with a company of more than a year."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from stream_app.cli.reports import report_reader
from stream_app.clients.connections import sync_redis
from stream_app.clients.settings import Settings
from stream_app.demo.simulator import Plan
from stream_app.report.reader import ReportReader
from tests.monitoring.dashboards.store_content import fill

ZONE = "America/New_York"
PLAN = Plan(seed=5, leads=400, days=430, until=datetime(2026, 11, 12, 17, tzinfo=UTC))


@pytest.fixture(scope="session")
def company(redis_url: str) -> Settings:
    """Return where the numbers of a company are whose last event is of 12 November 2026."""
    settings = Settings.load(redis_url=redis_url, namespace=f"t{uuid4().hex[:12]}", timezone=ZONE)
    fill(settings, PLAN)
    return settings


@pytest.fixture(scope="module")
def reader(company: Settings) -> Iterator[ReportReader]:
    """Read reports of that company."""
    with sync_redis(company) as redis:
        yield report_reader(company, redis)
