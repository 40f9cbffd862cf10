"""A store with a company whose nurture step has stalled, and everything that shows it."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from stream_app.clients.http import metrics_route, serving
from stream_app.clients.settings import Settings
from stream_app.core.targets import Period, PeriodTarget, Targets
from stream_app.demo.simulator import Plan
from stream_app.monitoring.dashboards import WALL
from stream_app.spec.panel import Measure
from tests.monitoring.dashboards.site import PROMETHEUS, Queries, exporter, prometheus
from tests.monitoring.dashboards.store_content import Company, add_health, fill, posted

_WEDNESDAY = 2


@pytest.fixture(scope="session")
def company(redis_url: str) -> Company:
    """Return a company of 90 days up to the last Wednesday afternoon, in a store, with a stalled step."""
    settings = Settings.load(redis_url=redis_url, namespace=f"t{uuid4().hex[:12]}")
    return fill(settings, Plan(leads=1500, days=90, until=_last_wednesday_afternoon(), scenario="stall"))


def _last_wednesday_afternoon() -> datetime:
    """At night and on weekends, and on some days, so little falls due that a stalled step blocks nothing."""
    afternoon = datetime.now(UTC).replace(hour=15, minute=0, second=0, microsecond=0)
    while afternoon > datetime.now(UTC) or afternoon.weekday() != _WEDNESDAY:
        afternoon -= timedelta(days=1)
    return afternoon


@pytest.fixture(scope="session")
def targets() -> Targets:
    """Return a target of every tile that may have one."""
    of_shares_and_money = {
        ("click_rate", ""): PeriodTarget(0.05, Period.QUARTER),
        ("mrr", "EUR"): PeriodTarget(900_000, Period.YEAR),
        ("mrr", "USD"): PeriodTarget(800_000, Period.YEAR),
    }
    counts = [name for name, each in WALL.measured.items() if each.measure is Measure.COUNT]
    return {(name, ""): PeriodTarget(500, Period.MONTH) for name in counts} | of_shares_and_money


@pytest.fixture(scope="session")
def queries(company: Company, targets: Targets, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queries]:
    """Run a Prometheus that scrapes the company's exporter, worker and gateway; skip where there is none."""
    if PROMETHEUS is None:
        pytest.skip("no prometheus on this machine: apt-get install prometheus")
    add_health(company.telemetry, company.topics)
    with ExitStack() as stack:
        business = stack.enter_context(exporter(company.settings, lambda: company.until, targets))
        worker = stack.enter_context(serving("127.0.0.1", 0, {"/metrics": metrics_route(company.telemetry.registry)}))
        gateway = stack.enter_context(serving("127.0.0.1", 0, {"/metrics": metrics_route(posted().registry)}))
        jobs = {"stream-app-exporter": business, "stream-app-worker": worker, "stream-app-gateway": gateway}
        yield stack.enter_context(prometheus(tmp_path_factory.mktemp("prometheus"), jobs))
