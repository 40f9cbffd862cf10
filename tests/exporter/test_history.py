"""The texts of past days."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping

from stream_app.core.samples import Sample
from stream_app.exporter.history import PastDay, as_csv, as_json, as_openmetrics

MRR = "lifecycle_mrr"
FIRST = 1_728_086_399_999
DAYS = [
    PastDay(
        20_000, 1_728_086_399_999, [Sample(MRR, (("currency", "EUR"),), 12.5), Sample("lifecycle_customers", (), 3)]
    ),
    PastDay(20_001, 1_728_172_799_999, [Sample(MRR, (("currency", 'a"b\\'),), 1e21)]),
]
"""The days 2024-10-04 and 2024-10-05 in UTC."""
JOB = {"job": "stream-app-exporter"}


def text(write: Callable[[Iterable[PastDay], Mapping[str, str]], Iterable[bytes]]) -> str:
    return b"".join(write(DAYS, JOB)).decode()


def test_openmetrics_has_a_line_for_each_sample_and_an_end() -> None:
    assert text(as_openmetrics).splitlines() == [
        'lifecycle_mrr{currency="EUR",job="stream-app-exporter"} 12.5 1728086399.999',
        'lifecycle_customers{job="stream-app-exporter"} 3.0 1728086399.999',
        'lifecycle_mrr{currency="a\\"b\\\\",job="stream-app-exporter"} 1e+21 1728172799.999',
        "# EOF",
    ]


def test_csv_has_a_row_for_each_sample() -> None:
    assert list(csv.reader(io.StringIO(text(as_csv)))) == [
        ["day", "name", "labels", "value"],
        ["2024-10-04", MRR, "currency=EUR,job=stream-app-exporter", "12.5"],
        ["2024-10-04", "lifecycle_customers", "job=stream-app-exporter", "3.0"],
        ["2024-10-05", MRR, 'currency=a"b\\,job=stream-app-exporter', "1e+21"],
    ]


def test_json_has_an_object_for_each_sample() -> None:
    first, second, _ = map(json.loads, text(as_json).splitlines())
    labels = {"currency": "EUR"} | JOB
    assert first == {"day": "2024-10-04", "name": MRR, "labels": labels, "value": 12.5}
    assert second == {"day": "2024-10-04", "name": "lifecycle_customers", "labels": JOB, "value": 3}
