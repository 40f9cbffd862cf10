"""The demo's last step: the exporter's numbers against a recount of all that is in Kafka."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from stream_app.admin.log_reader import read_log
from stream_app.admin.topics import ends
from stream_app.audit import RECOUNTED, Difference, compare
from stream_app.cli.audit import recount_by, valid
from stream_app.cli.wiring import event_topics
from stream_app.clients.connections import sync_redis
from stream_app.clients.settings import Settings
from stream_app.store.reader import Reader
from stream_app.worker.batch import Record

_POLL_S = 0.5
_TIMEOUT_S = 120.0


def await_applied(settings: Settings) -> None:
    """Return when all that is in the topics now is applied. Raises TimeoutError after two minutes."""
    expected = ends(settings, event_topics(settings))
    deadline = time.monotonic() + _TIMEOUT_S
    with sync_redis(settings) as redis:
        reader = Reader(redis, settings.namespace, settings.rules.calendar)
        while True:
            offsets = reader.read(time.time_ns() // 1_000_000).offsets
            if all(offsets.get(partition, 0) >= end for partition, end in expected.items()):
                return
            if time.monotonic() > deadline:
                message = f"the worker has not applied everything after {_TIMEOUT_S:g} s"
                raise TimeoutError(message)
            time.sleep(_POLL_S)


@dataclass(frozen=True, slots=True)
class Checked:
    """What differs, of how many numbers, of how many events in the log; `lost` are those sent that are not there."""

    differences: Sequence[Difference]
    compared: int
    events: int
    lost: int


def check_against_recount(settings: Settings, sent: Path, exporter_address: str) -> Checked:
    """Compare an exporter's page with a recount of the log, and the log with the lines of what was sent.

    The log may have more: what others posted to the gateway.
    """
    with urlopen(f"http://{exporter_address}/metrics", timeout=60) as page:
        text = page.read().decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    read_at = next(sample.value for sample in samples if sample.name == "stream_app_read_timestamp_seconds")
    exported = {
        (sample.name, frozenset(sample.labels.items())): sample.value for sample in samples if sample.name in RECOUNTED
    }
    with sent.open("rb") as lines:
        missing = {line.rstrip(b"\n") for line in lines}
    events = 0

    def in_log() -> Iterator[Record]:
        for each in read_log(settings, ends(settings, event_topics(settings))):
            missing.discard(each.value)
            yield Record(each.offset, each.timestamp, each.key, each.value, each.headers)

    def counted_events() -> Iterator[dict[str, Any]]:
        nonlocal events
        for event in valid(in_log()):
            events += 1
            yield event

    with recount_by(settings) as recount:
        recount.add(counted_events())
        counted = recount.samples(datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=round(read_at * 1000)))
    return Checked(compare(exported, counted), len(exported.keys() | counted.keys()), events, len(missing))
