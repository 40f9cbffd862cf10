"""A label that has 100,000 values: the page stays bounded, its sums are right, and others are read meanwhile."""

from datetime import UTC, datetime

import orjson
from prometheus_client.parser import text_string_to_metric_families

from tests.system.event_sets import RecordToSend
from tests.system.installation import Installation, answer, port

AS_OF = datetime(2026, 11, 20, 12, tzinfo=UTC)
_VALUES, _LIMIT, _MOST_SERIES = 100_000, 1_000, 60_000


def _lead(number: int) -> RecordToSend:
    data = {"lead_id": f"l{number}", "source": "s", "channel": "c", "campaign_id": _campaign(number)}
    event = {"specversion": "1.0", "id": f"e{number}", "source": "/t", "type": "lead.created"}
    value = orjson.dumps({**event, "time": "2026-11-20T09:00:00Z", "data": data})
    return RecordToSend("lead", f"l{number}".encode(), value)


def _campaign(number: int) -> str:
    return f"ca{number:06}"


def test_a_label_of_100_000_values_leaves_the_page_bounded(installation: Installation) -> None:
    installation.create_topics()
    installation.produce(map(_lead, range(_VALUES)))
    at = port()
    exporter = installation.start("exporter", "--as-of", AS_OF.isoformat(), exporter_port=at)
    worker = installation.worker()
    # It is scraped while they come, so that the sums grow by parts.
    answer(at, "/metrics", exporter, lambda page: "\nlifecycle_new_leads" in page.text)
    installation.await_all_applied(worker)
    assert worker.stop() == 0
    page = answer(at, "/metrics", exporter, lambda page: f" {_VALUES - _LIMIT}.0\n" in page.text)
    assert exporter.stop() == 0
    samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    assert len(samples) < _MOST_SERIES
    shown = {
        each.labels["campaign"]: each.value
        for each in samples
        if each.name == "lifecycle_new_leads" and each.labels["window"] == "30d"
    }
    # Each has one lead, so the order of their names decides.
    assert shown == {**{_campaign(number): 1 for number in range(_LIMIT)}, "other": _VALUES - _LIMIT}
    [overflow] = [
        each.value
        for each in samples
        if each.name == "stream_app_label_overflow" and each.labels["label"] == "campaign"
    ]
    assert overflow == _VALUES - _LIMIT
