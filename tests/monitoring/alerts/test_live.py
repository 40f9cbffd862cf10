"""Every metric and label that a rule, its texts or a runbook names is there: real broker, worker and exporter."""

import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from stream_app.demo.simulator import Plan, history, records
from stream_app.intake.mapping import Mapped
from stream_app.intake.telemetry import GatewayTelemetry
from stream_app.monitoring.alerts import ALERTING
from stream_app.monitoring.alerts.pipeline import EXPORTER_JOB, WORKER_JOB
from stream_app.monitoring.alerts.sources import GATEWAY_JOB
from stream_app.sources.source import Item
from stream_app.spec.alert import Alert
from stream_app.worker.telemetry import Telemetry
from tests.monitoring.alerts.expression import Named, Selector, named
from tests.monitoring.alerts.stories import ROOT
from tests.servers.cluster import Cluster
from tests.system.event_sets import RecordToSend
from tests.system.installation import Installation, answer, get, port
from tests.system.processes import eventually

_LATER = 300
RECORDED = {each.name: named(each.expr) for group in ALERTING.groups for each in group.recordings}
RUNBOOKS = (ROOT / "docs/runbooks.md").read_text("utf-8")


class Sample(NamedTuple):
    """A sample as Prometheus keeps it, with the labels of its target."""

    name: str
    labels: dict[str, str]


def _samples(job: str, text: str) -> Iterator[Sample]:
    target = {"job": job, "instance": "here"}
    yield Sample("up", target)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield Sample(sample.name, {**sample.labels, **target})


@pytest.fixture(scope="module")
def live(cluster: Cluster, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    """Scrape a worker and an exporter that have seen a company, and a producer of invalid records."""
    at_worker, at_exporter = port(), port()
    plan = Plan(leads=700, days=75, until=datetime.now(UTC))
    sent = [RecordToSend(each.family, each.key, each.value) for each in records(plan, history(plan))]
    with Installation(cluster, redis_url, f"live{at_worker}", tmp_path_factory.mktemp("live")) as site:
        site.create_topics(partitions=1)
        site.produce(sent[:-_LATER])
        site.drain()
        worker = site.worker(worker_port=at_worker)
        # Some are known already: copies. Then a few that are rejected, and so many of them that the intake is stopped.
        site.produce([*sent[-2 * _LATER :], *[RecordToSend("reach", b"r", b"rubbish")] * 20])
        eventually(
            lambda: (page := get(at_worker, "/metrics")) is not None and "stream_app_rejected_total{" in page.text,
            "the worker rejects",
            worker,
        )
        exporter = site.start("exporter", exporter_port=at_exporter)
        # The age is known once every partition was seen wholly applied, which a stopped topic never is.
        numbers = answer(at_exporter, "/metrics", exporter, lambda page: "\nstream_app_data_age_seconds " in page.text)
        site.produce([RecordToSend("reach", b"r", b"rubbish")] * 3000)
        text = answer(at_worker, "/metrics", worker, lambda page: "stream_app_intake_stopped{" in page.text)
    samples = {WORKER_JOB: text + _lost(), EXPORTER_JOB: numbers, GATEWAY_JOB: _gateway()}
    return [sample for job, page in samples.items() for sample in _samples(job, page)]


def _lost() -> str:
    """What a worker exports that has come too late; no broker here drops records within a test."""
    telemetry = Telemetry()
    telemetry.lost("any")
    lines = generate_latest(telemetry.registry).decode().splitlines()
    return "\n".join(line for line in lines if "stream_app_retention_gaps_total" in line) + "\n"


def _gateway() -> str:
    """What a gateway exports that has seen everything that alerts are about."""
    telemetry = GatewayTelemetry(["any"])
    telemetry.refused("any", "signature")
    item = Item("1", b"{}", 0)
    telemetry.taken("any", [Mapped(item, (), ("stage",), ())], 0.1)
    telemetry.parked_since({"any": 1})
    return generate_latest(telemetry.registry).decode()


def _queries(text: str) -> list[str]:
    """The expressions in a template; a label that is filled in may have any value."""
    queries = re.findall(r"(?:printf|with query) `([^`]*)`", text)
    return [each.replace("=%q", '=~".*"') for each in queries]


def _filled(expr: str) -> str:
    """An expression with the thresholds as they are shipped."""
    return ALERTING.thresholds.filled(expr)


RULES = [
    *(pytest.param(_filled(each.expr), id=each.name) for group in ALERTING.groups for each in group.recordings),
    *(pytest.param(_filled(each.expr), id=each.name) for group in ALERTING.groups for each in group.alerts),
    *(
        pytest.param(_filled(expr), id=f"{each.name}-text-{number}")
        for group in ALERTING.groups
        for each in group.alerts
        for number, expr in enumerate(_queries(each.summary + each.description))
    ),
    *(
        pytest.param(expr, id=f"runbook-{number}")
        for number, expr in enumerate(re.findall(r"^promtool query .*? '([^'\n]*)'$", RUNBOOKS, re.MULTILINE))
    ),
]


def _labels_of(expr: Named, live: list[Sample], within: frozenset[str] = frozenset()) -> set[str]:
    """Those of an expression that stands within what these names record, one of which it may name again."""
    names = {each.name for each in expr.selectors}
    own = {label for name, labels in live if name in names for label in labels}
    recorded = {
        label
        for name in names & RECORDED.keys() - within
        for label in _labels_of(RECORDED[name], live, within | {name})
    }
    return own | expr.made | recorded


@pytest.mark.parametrize("expr", RULES)
def test_everything_that_an_expression_names_is_there(expr: str, live: list[Sample]) -> None:
    found = named(expr)
    missing = [
        each for each in found.selectors if each.name not in RECORDED and not any(each.matches(*one) for one in live)
    ]
    assert not missing
    for each in found.selectors:
        if each.name in RECORDED:
            assert {label for label, *_ in each.matchers} <= _labels_of(RECORDED[each.name], live)
    assert found.labels <= _labels_of(found, live)


@pytest.mark.parametrize(
    "alert", [alert for group in ALERTING.groups for alert in group.alerts], ids=lambda each: each.name
)
def test_every_label_that_a_text_shows_is_there(alert: Alert, live: list[Sample]) -> None:
    texts = alert.summary + alert.description
    shown = {*re.findall(r"\$labels\.(\w+)", texts), *alert.variables}
    assert shown <= _labels_of(named(_filled(alert.expr)), live)


@pytest.mark.parametrize(
    "pattern", sorted({shlex.split(line)[2] for line in RUNBOOKS.splitlines() if line.startswith("stream-app kpis ")})
)
def test_every_number_that_a_runbook_asks_for_is_there(pattern: str, live: list[Sample]) -> None:
    assert any(pattern in sample.name for sample in live)


def test_an_expression_is_read_as_it_is_meant() -> None:
    read = named('sum by (a, b) (rate(x{l="1", m!~"2|3"}[5m] offset 1h)) > on (c) group_left () y or absent(z)')
    assert read.labels == {"a", "b", "c"}
    assert read.selectors == [Selector("x", (("l", "=", "1"), ("m", "!~", "2|3"))), Selector("y"), Selector("z")]
    assert read.selectors[0].matches("x", {"l": "1", "m": "4"})
    assert not read.selectors[0].matches("x", {"l": "1", "m": "2"})
