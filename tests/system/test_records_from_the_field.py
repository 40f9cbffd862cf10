"""Records that are no JSON events, as public bug reports describe them: tombstones, and headers that are no UTF-8."""

from datetime import UTC, datetime

import orjson
from kafka import KafkaProducer
from prometheus_client.parser import text_string_to_metric_families

from tests.system.event_sets import RecordToSend
from tests.system.installation import Installation, answer, port

AS_OF = datetime(2026, 11, 20, 12, tzinfo=UTC)
LEADS, TOMBSTONES = 40, 1200


def _lead(number: int) -> bytes:
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": f"e{number}",
            "source": "/t",
            "type": "lead.created",
            "time": "2026-11-20T09:00:00Z",
            "data": {"lead_id": f"l{number}"},
        }
    )


def _send(installation: Installation, value: bytes | None, headers: list[tuple[str, bytes]], times: int = 1) -> None:
    with KafkaProducer(bootstrap_servers=installation.cluster.address, enable_idempotence=False) as producer:
        sent = [
            producer.send(f"{installation.namespace}.lead", key=b"k", value=value, headers=headers)
            for _ in range(times)
        ]
        producer.flush()
        for each in sent:
            each.get()


def _tombstones(page: str) -> dict[str, float]:
    return {
        sample.labels["topic"]: sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == "stream_app_tombstones_total"
    }


def test_tombstones_are_counted_and_skipped(installation: Installation) -> None:
    installation.create_topics(partitions=1)
    installation.produce(RecordToSend("lead", b"k", _lead(number)) for number in range(LEADS // 2))
    _send(installation, None, [], TOMBSTONES)
    installation.produce(RecordToSend("lead", b"k", _lead(number)) for number in range(LEADS // 2, LEADS))
    at = port()
    worker = installation.worker(worker_port=at)
    installation.await_all_applied(worker)
    # The store says that all is applied before the worker has its answer and counts.
    expected = {f"{installation.namespace}.lead": float(TOMBSTONES)}
    answer(at, "/metrics", worker, lambda page: _tombstones(page.text) == expected)
    assert orjson.loads(answer(at, "/health", worker, lambda page: '"ok"' in page.text))["stopped_topics"] == []
    assert worker.stop() == 0
    assert installation.dead_letters() == set()
    leads = installation.kpis(AS_OF)["lifecycle_leads_in_stage", frozenset({("funnel_stage", "lead")})]
    assert leads == LEADS
    code, said = installation.try_run("audit", "--json", "--as-of", AS_OF.isoformat())
    assert (code, orjson.loads(said)["differences"]) == (0, [])


def test_a_header_that_is_no_utf8_is_rejected_as_malformed(installation: Installation) -> None:
    installation.create_topics(partitions=1)
    for last in (b"\xe9", b"\xe8"):
        attributes = {
            "ce_specversion": b"1.0",
            "ce_id": b"caf" + last,
            "ce_source": b"/t",
            "ce_type": b"lead.created",
            "ce_time": b"2026-11-20T09:10:00Z",
            "content-type": b"application/json",
        }
        _send(installation, b'{"lead_id": "l"}', list(attributes.items()))
    assert installation.drain()["rejected"] == 2
    assert [each.cause for each in installation.dead_letters()] == ["malformed", "malformed"]
    assert not any(value for (name, _), value in installation.kpis(AS_OF).items() if name == "lifecycle_leads_in_stage")
