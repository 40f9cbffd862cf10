"""However many values labels have, the page stays bounded and its sums stay right."""

import random
from collections import Counter
from datetime import UTC, datetime

import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.system.event_sets import RecordToSend
from tests.system.installation import Installation, answer, port

AS_OF = datetime(2026, 11, 20, 12, tzinfo=UTC)
LEADS, VALUES, LIMIT = 10_000, 150, 1000
MOST_SERIES = 60_000

Origin = tuple[str, str, str]


def _origins() -> list[Origin]:
    dice = random.Random(10)  # noqa: S311 - no secret
    return [
        (f"s{dice.randrange(VALUES)}", f"ch{dice.randrange(VALUES)}", f"ca{dice.randrange(VALUES)}")
        for _ in range(LEADS)
    ]


def _lead(number: int, origin: Origin) -> RecordToSend:
    source, channel, campaign = origin
    data = {"lead_id": f"l{number}", "source": source, "channel": channel, "campaign_id": campaign}
    event = {"specversion": "1.0", "id": f"e{number}", "source": "/t", "type": "lead.created"}
    value = orjson.dumps({**event, "time": "2026-11-20T09:00:00Z", "data": data})
    return RecordToSend("lead", f"l{number}".encode(), value)


@pytest.mark.slow
def test_the_page_stays_bounded_with_many_values_of_labels(installation: Installation) -> None:
    origins = _origins()
    installation.create_topics()
    installation.produce(_lead(number, origin) for number, origin in enumerate(origins))
    installation.drain()
    at = port()
    exporter = installation.start("exporter", "--as-of", AS_OF.isoformat(), exporter_port=at)
    page = answer(at, "/metrics", exporter, lambda page: "\nstream_app_redis_up 1.0\n" in page.text)
    assert exporter.stop() == 0
    samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    assert len(samples) < MOST_SERIES
    shown = {
        (each.labels["source"], each.labels["channel"], each.labels["campaign"]): each.value
        for each in samples
        if each.name == "lifecycle_new_leads" and each.labels["window"] == "30d"
    }
    # Ties go by campaign, channel, source: the order of the names.
    counted = Counter(origins)
    ranked = sorted(counted, key=lambda each: (-counted[each], each[2], each[1], each[0]))
    kept = {each: counted[each] for each in ranked[:LIMIT]}
    assert shown == {**kept, ("other",) * 3: LEADS - sum(kept.values())}
    entries: Counter[str] = Counter()
    for each in samples:
        if each.name == "lifecycle_stage_entries" and each.labels["window"] == "30d":
            entries[each.labels["funnel_stage"]] += int(each.value)
    assert entries["lead"] == LEADS
    assert sum(entries.values()) == LEADS
    overflow = {each.labels["label"]: each.value for each in samples if each.name == "stream_app_label_overflow"}
    assert overflow["source"] == len({each[0] for each in counted} - _shown_values(samples, "source"))
    assert overflow["channel"] == len({each[1] for each in counted} - _shown_values(samples, "channel"))


def _shown_values(samples: list[Sample], label: str) -> set[str]:
    return {each.labels[label] for each in samples if label in each.labels}
