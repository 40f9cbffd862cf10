"""The sentences of a worked example."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from stream_app.spec.example import NO_WINDOW, Example, ExpectedSeries, GivenEvent, Value
from stream_app.spec.metric import PREFIX, SERIES_LIMIT

_PARTS = ("_bucket", "_gcount", "_gsum")


def place_and_time(example: Example) -> str:
    """When and where the numbers of an example are read."""
    zone = "" if example.timezone == "UTC" else f", business time zone {example.timezone}"
    limit = (
        "" if example.series_limit == SERIES_LIMIT else f", at most {example.series_limit} label combinations a metric"
    )
    return f"{_time(example.as_of)}{zone}{limit}"


def given_events(example: Example) -> tuple[str, ...]:
    """The events of an example, a line each."""
    return tuple(_event(each) for each in example.given)


def expected_samples(example: Example, series: str) -> tuple[str, ...]:
    """The samples of a series that an example ends with, a line for each set of labels."""
    names = {series.removeprefix(PREFIX) + part for part in ("", *_PARTS)}
    return tuple(_series(each) for each in example.expected if each.series in names)


def _event(event: GivenEvent) -> str:
    times = f"{event.times} x " if event.times > 1 else ""
    numbered = f" (numbers {event.first} to {event.first + event.times - 1})" if event.first else ""
    return f"{_time(event.time)}: {times}`{event.type}`{numbered} {', '.join(_data(event.data))}"


def _data(data: Mapping[str, Any]) -> Iterator[str]:
    for name, value in data.items():
        if name == "items":
            yield f"items {' + '.join(map(_item, value))}"
        elif isinstance(value, bool):
            yield f"{name} {str(value).lower()}"
        else:
            yield f"{name} {value}"


def _item(item: Mapping[str, Any]) -> str:
    count = item.get("interval_count", 1)
    each = item["interval"] if count == 1 else f"{count} {item['interval']}s"
    usage = ", metered" if item.get("usage") == "metered" else ""
    return f"[{item.get('quantity', 1)} x {item['unit_amount_minor']} minor units per {each}{usage}]"


def _time(text: str) -> str:
    return f"{text} UTC"


def _series(each: ExpectedSeries) -> str:
    labels = ",".join(f'{name}="{value}"' for name, value in each.labels.items())
    name = f"`{PREFIX}{each.series}{{{labels}}}`" if labels else f"`{PREFIX}{each.series}`"
    values = (
        f"{f'`{window}` ' if window != NO_WINDOW else ''}{_value(value)}" for window, value in each.values.items()
    )
    return f"{name}: {', '.join(values)}"


def _value(value: Value) -> str:
    if value is None:
        return "no sample"
    if isinstance(value, Fraction):
        exact = Fraction(f"{float(value):.6f}") == value
        return f"{float(value):.6f}".rstrip("0").rstrip(".") if exact else f"{float(value):.6g} (rounded)"
    return f"{value:,}".replace(",", " ") if isinstance(value, int) and abs(value) < 10**6 else f"{value}"
