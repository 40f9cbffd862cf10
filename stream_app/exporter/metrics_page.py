"""The page that Prometheus scrapes. A family that has not changed since a scrape before is not written out anew."""

import threading
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

from stream_app.clients.http import Page

END = b"# EOF\n"
"""The last line of OpenMetrics."""

_OPEN_METRICS = "application/openmetrics-text"


class MetricsPage:
    """Writes what collectors collect; a family is taken as unchanged if it is the same object as before."""

    def __init__(self, *collectors: Collector) -> None:
        self._collectors = collectors
        self._lock = threading.Lock()
        self._written: dict[str, dict[str, tuple[Metric, bytes]]] = {}
        self._lines: dict[str, tuple[list[Sample], list[str]]] = {}

    def __call__(self, headers: Mapping[str, str]) -> Page:
        """Answer a scrape, in the format that it asks for."""
        encode, content_type = choose_encoder(headers.get("Accept", ""))
        with self._lock:
            before = self._written.get(content_type, {})
            written: dict[str, tuple[Metric, bytes]] = {}
            for collector in self._collectors:
                for family in collector.collect():
                    known = before.get(family.name)
                    if known and known[0] is family:
                        written[family.name] = known
                    else:
                        written[family.name] = family, self._write(family, content_type, encode)
            self._written[content_type] = written
        parts = [text.removesuffix(END) for _, text in written.values()]
        end = [END] if content_type.startswith(_OPEN_METRICS) else []
        return Page(b"".join(parts + end), content_type)

    def _write(self, family: Metric, content_type: str, encode: Callable[[Collector], bytes]) -> bytes:
        """Write a family out; the lines of gauges, of which there are very many, are put together here."""
        if family.type != "gauge":
            return encode(_One(family))
        head = encode(_One(Metric(family.name, family.documentation, family.type))).removesuffix(END)
        samples, lines = self._lines.get(family.name, ([], []))
        before = dict(zip(map(id, samples), lines, strict=True))
        lines = [before.get(id(sample)) or line(sample) for sample in family.samples]
        self._lines[family.name] = family.samples, lines
        end = END if content_type.startswith(_OPEN_METRICS) else b""
        return head + "".join(lines).encode() + end


Labels = tuple[tuple[str, str], ...]


def line(sample: Sample) -> str:
    """A sample as one line."""
    return f"{line_start(sample.name, sample.labels)}{number_text(sample.value)}\n"


def line_start(name: str, labels: Mapping[str, str]) -> str:
    """A line up to its value: names are plain, and values may be anything."""
    inner = ",".join(f'{label}="{value.translate(_ESCAPED)}"' for label, value in sorted(labels.items()))
    return f"{name}{{{inner}}} " if inner else f"{name} "


@lru_cache(maxsize=65_536)
def number_text(value: float) -> str:
    """A value as Prometheus reads it: mostly a small count, which very many samples have."""
    text: str = floatToGoString(value)  # type: ignore[no-untyped-call]  # has no types
    return text


_ESCAPED = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})


class _One(Collector):
    """A collector of nothing but a family."""

    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterator[Metric]:
        """Give it."""
        yield self._family
