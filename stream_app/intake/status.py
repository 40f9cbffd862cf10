"""How the sources do: from the inbox, which knows the items of all gateways, and from the metrics of one gateway."""

import http.client
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from stream_app.admin import topics
from stream_app.admin.log_reader import read_log
from stream_app.clients.settings import Settings
from stream_app.intake.inbox import inbox_item, inbox_topic
from stream_app.intake.mapping import Result, short_reason

__all__ = ["Counted", "ParkedItems", "Received", "counted", "gateway_metrics", "received", "received_from"]

_TIMEOUT_S = 2.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - it is asked, not listened on


@dataclass(slots=True)
class Received:
    """What the inbox has of a source: when something came last (epoch milliseconds), results, and what is parked.

    `parked_by_key` has the reason of each item that is parked still, and when it was received.
    """

    last: int = 0
    results: Counter[str] = field(default_factory=Counter)
    parked_by_key: dict[bytes, tuple[str, int]] = field(default_factory=dict)

    @property
    def parked(self) -> Counter[str]:
        """Items that are parked still, by reason; an item that came twice counts once."""
        return Counter(reason for reason, _ in self.parked_by_key.values())

    @property
    def oldest_parked(self) -> int | None:
        """When (epoch milliseconds) the oldest item that is parked still was received; None if none is."""
        return min((at for _, at in self.parked_by_key.values()), default=None)


@dataclass(slots=True)
class Counted:
    """What one gateway has counted of a source since it was started."""

    requests: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    incomplete: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    last: float = 0.0


def received(settings: Settings) -> Mapping[str, Received]:
    """What the inbox has, by source. Reads all of it. Raises MissingTopicsError and topics.KAFKA_ERRORS."""
    return received_from(read_log(settings, topics.ends(settings, [inbox_topic(settings)])))


class ParkedItems:
    """When the oldest parked item of each source was received; each look reads what came since the one before."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._read: Mapping[tuple[str, int], int] = {}
        self._found: defaultdict[str, Received] = defaultdict(Received)

    def oldest(self, now: int) -> dict[str, int]:
        """By source, in milliseconds of the epoch, as `now` is. Raises MissingTopicsError and topics.KAFKA_ERRORS."""
        ends = topics.ends(self._settings, [inbox_topic(self._settings)])
        received_from(read_log(self._settings, ends, self._read), self._found)
        self._read = ends
        for each in self._found.values():
            for key, (_, at) in list(each.parked_by_key.items()):
                if at < now - topics.INBOX_MS:
                    del each.parked_by_key[key]
        found = {source: each.oldest_parked for source, each in self._found.items()}
        return {source: at for source, at in found.items() if at is not None}


def received_from(records: Iterable[Any], found: defaultdict[str, Received] | None = None) -> Mapping[str, Received]:
    """The same of records, those of one key in the order in which they were written; added to what was found before."""
    found = defaultdict(Received) if found is None else found
    for record in records:
        item = inbox_item(record)
        if item is None:
            continue
        of_source = found[item.source]
        if not item.is_note:
            of_source.last = max(of_source.last, item.item.received)
            of_source.results[item.result] += 1
        if item.result is Result.PARKED:
            of_source.parked_by_key[record.key] = short_reason(item.reason), item.item.received
        else:
            of_source.parked_by_key.pop(record.key, None)
    return found


def gateway_metrics(settings: Settings) -> str | None:
    """The metrics of the gateway on this machine; None if none answers."""
    host = _EVERYWHERE.get(settings.host, settings.host)
    if not settings.gateway_metrics_port:
        return None
    connection = http.client.HTTPConnection(host, settings.gateway_metrics_port, timeout=_TIMEOUT_S)
    with closing(connection):
        try:
            connection.request("GET", "/metrics")
            answer = connection.getresponse()
            return answer.read().decode() if answer.status == http.client.OK else None
        except (OSError, http.client.HTTPException, UnicodeDecodeError):
            return None


_COUNTERS = {
    "stream_app_source_requests_total": ("requests", "status"),
    "stream_app_source_events_total": ("events", "type"),
    "stream_app_source_incomplete_total": ("incomplete", "field"),
    "stream_app_source_signature_failures_total": ("refused", "reason"),
}
_LAST = "stream_app_source_last_received_timestamp_seconds"


def counted(text: str) -> Mapping[str, Counted]:
    """What a page of a gateway's metrics says, by source. Raises ValueError if it is none."""
    found: defaultdict[str, Counted] = defaultdict(Counted)
    for sample in (sample for family in text_string_to_metric_families(text) for sample in family.samples):
        if sample.name in _COUNTERS:
            name, label = _COUNTERS[sample.name]
            getattr(found[sample.labels["source"]], name)[sample.labels[label]] += round(sample.value)
        elif sample.name == _LAST:
            found[sample.labels["source"]].last = sample.value
    return found
