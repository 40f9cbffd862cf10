"""A story as users read it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from stream_app.spec.example import DEFAULT_LIMIT, NO_WINDOW, Happened, Reads, Story, Value
from stream_app.spec.metric import PREFIX

_PARTS = ("_bucket", "_gcount", "_gsum")


@dataclass(frozen=True, slots=True)
class Told:
    """What the metrics page needs of a story."""

    story: Story

    @property
    def title(self) -> str:
        """What the story is about."""
        return self.story.title

    @property
    def setting(self) -> str:
        """When and where it is read."""
        story = self.story
        place = "" if story.timezone == "UTC" else f", business time zone {story.timezone}"
        limit = "" if story.label_limit == DEFAULT_LIMIT else f", at most {story.label_limit} values a label"
        return f"{_time(story.as_of)}{place}{limit}"

    @property
    def given(self) -> tuple[str, ...]:
        """What happened, a line each."""
        return tuple(_happened(each) for each in self.story.given)

    @property
    def arithmetic(self) -> str:
        """The computation by hand."""
        return self.story.arithmetic

    @property
    def source(self) -> str:
        """Where the numbers come from; empty if they are ours."""
        return self.story.source

    @property
    def explains(self) -> tuple[str, ...]:
        """The series that it explains, above all the first."""
        return tuple(PREFIX + series for series in self.story.explains)

    def results(self, series: str) -> tuple[str, ...]:
        """What a series reads in the end, a line for each set of labels."""
        names = {series.removeprefix(PREFIX) + part for part in ("", *_PARTS)}
        return tuple(_reads(each) for each in self.story.expected if each.series in names)


def _happened(event: Happened) -> str:
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


def _reads(each: Reads) -> str:
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
