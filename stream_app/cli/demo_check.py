"""The demo's last step: the exporter's numbers against a recount of all that was sent."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import orjson
from prometheus_client.parser import text_string_to_metric_families

from stream_app.admin.topics import ends
from stream_app.audit import RECOUNTED, Difference, compare
from stream_app.cli.audit import recount_by
from stream_app.cli.wiring import event_topics
from stream_app.clients.connections import sync_redis
from stream_app.clients.settings import Settings
from stream_app.store.reader import Reader

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


def check_against_recount(settings: Settings, events: Path, exporter_address: str) -> tuple[list[Difference], int]:
    """Return what differs between an exporter's page and a recount of a JSON lines file, and how much was compared."""
    with urlopen(f"http://{exporter_address}/metrics", timeout=60) as page:
        text = page.read().decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    read_at = next(sample.value for sample in samples if sample.name == "stream_app_read_timestamp_seconds")
    exported = {
        (sample.name, frozenset(sample.labels.items())): sample.value for sample in samples if sample.name in RECOUNTED
    }
    with recount_by(settings) as recount, events.open("rb") as lines:
        recount.add(map(orjson.loads, lines))
        counted = recount.samples(datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=round(read_at * 1000)))
    return compare(exported, counted), len(exported.keys() | counted.keys())
