"""The page that Prometheus scrapes. A family that has not changed since a scrape before is not written out anew."""

import threading
from collections.abc import Iterator, Mapping

from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from stream_app.clients.http import Page

_END = b"# EOF\n"
"""The last line of OpenMetrics."""

_OPEN_METRICS = "application/openmetrics-text"


class MetricsPage:
    """Writes what collectors collect; a family is taken as unchanged if it is the same object as before."""

    def __init__(self, *collectors: Collector) -> None:
        self._collectors = collectors
        self._lock = threading.Lock()
        self._written: dict[str, dict[str, tuple[Metric, bytes]]] = {}

    def __call__(self, headers: Mapping[str, str]) -> Page:
        """Answer a scrape, in the format that it asks for."""
        encode, content_type = choose_encoder(headers.get("Accept", ""))
        with self._lock:
            before = self._written.get(content_type, {})
            written: dict[str, tuple[Metric, bytes]] = {}
            for collector in self._collectors:
                for family in collector.collect():
                    known = before.get(family.name)
                    text = known[1] if known and known[0] is family else encode(_One(family))
                    written[family.name] = family, text
            self._written[content_type] = written
        parts = [text.removesuffix(_END) for _, text in written.values()]
        end = [_END] if content_type.startswith(_OPEN_METRICS) else []
        return Page(b"".join(parts + end), content_type)


class _One(Collector):
    """A collector of nothing but a family."""

    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterator[Metric]:
        """Give it."""
        yield self._family
