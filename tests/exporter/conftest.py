"""A small simulated company in a store, for all tests of the exporter."""

from datetime import UTC, datetime

import pytest

from stream_app.clients.settings import Settings
from stream_app.demo.simulator import Plan
from tests.monitoring.dashboards.store_content import Company, fill


@pytest.fixture(scope="session")
def company(redis_url: str) -> Company:
    """Return a company of 200 leads whose numbers are in a store."""
    settings = Settings.load(redis_url=redis_url, namespace="exporter-tests")
    return fill(settings, Plan(seed=7, leads=200, until=datetime(2025, 6, 18, 15, 30, tzinfo=UTC)))
