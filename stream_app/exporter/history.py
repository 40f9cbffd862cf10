"""Every sample as of the end of each of many days, and the texts that programs read it from."""

import csv
import io
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass

import orjson

from stream_app.core.calendar import Calendar, date_of
from stream_app.core.samples import Sample
from stream_app.exporter.collector import SampleSource
from stream_app.exporter.metrics_page import END, Labels, line_start, number_text
from stream_app.store.reader import Reader


@dataclass(frozen=True, slots=True)
class PastDay:
    """The samples at the end of a local day: `at` is its last millisecond (of the epoch)."""

    day: int
    at: int
    samples: list[Sample]


def past_days(
    days: Iterable[int],
    reader: Reader,
    source: SampleSource,
    calendar: Calendar,
    wanted: Container[str] | None = None,
) -> Iterator[PastDay]:
    """The wanted series on each day, in the order of the days. Each day is one state of the store, all are not.

    `reader` and `source` are used for nothing else meanwhile. Raises redis.RedisError.
    """
    for day in days:
        at = calendar.start_of_day(day + 1) - 1
        snapshot = reader.read(at)
        yield PastDay(day, at, list(source.samples(snapshot.view, snapshot.changed, wanted)))


Writer = Callable[[Iterable[PastDay], Mapping[str, str]], Iterator[bytes]]
"""`writer(days, labels)`: the text of days, a part for each; every sample has these labels as well."""


def as_openmetrics(days: Iterable[PastDay], labels: Mapping[str, str]) -> Iterator[bytes]:
    """OpenMetrics without metadata, for `promtool tsdb create-blocks-from openmetrics`: by day, not by metric."""
    starts: dict[tuple[str, Labels], str] = {}
    for each in days:
        lines: list[str] = []
        for name, own, value in each.samples:
            start = starts.get((name, own))
            if start is None:
                start = starts[name, own] = line_start(name, {**dict(own), **labels})
            lines.append(f"{start}{number_text(value)} {each.at / 1000:.3f}\n")
        yield "".join(lines).encode()
    yield END


def as_csv(days: Iterable[PastDay], labels: Mapping[str, str]) -> Iterator[bytes]:
    """Comma-separated values: day, series, labels and value."""
    yield b"day,name,labels,value\n"
    for each in days:
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        day = date_of(each.day).isoformat()
        for name, own, value in each.samples:
            written = ",".join(f"{label}={text_}" for label, text_ in (*own, *labels.items()))
            rows.writerow((day, name, written, number_text(value)))
        yield text.getvalue().encode()


def as_json(days: Iterable[PastDay], labels: Mapping[str, str]) -> Iterator[bytes]:
    """JSON lines: an object with day, name, labels and value for each sample."""
    for each in days:
        day = date_of(each.day).isoformat()
        yield b"".join(
            orjson.dumps(
                {"day": day, "name": name, "labels": {**dict(own), **labels}, "value": value},
                option=orjson.OPT_APPEND_NEWLINE,
            )
            for name, own, value in each.samples
        )


WRITERS: Mapping[str, Writer] = {"openmetrics": as_openmetrics, "csv": as_csv, "json": as_json}
"""The formats."""
