"""A metric by day: one curve for each currency and each value of a closed label, or what its tile draws."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from stream_app.core.calendar import date_of
from stream_app.core.limits import Labels
from stream_app.core.money import base_units
from stream_app.core.recent_days import RecentDays
from stream_app.render.text import value_text
from stream_app.spec.metric import Declaration, Metric, Unit
from stream_app.spec.panel import Curve
from stream_app.spec.window import Grain

__all__ = ["Trend", "tile_trends", "trends"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """One number on each of some days: `days` are `YYYY-MM-DD` and the value in the unit that users see, if it has one.

    `when` says what the value of a day is: what came within it, or what stood at its end.
    """

    title: str
    days: list[tuple[str, float | None]]
    when: str
    text: Callable[[float], str]


def trends(metric: Metric, recent: RecentDays, match: Mapping[str, str] = {}) -> list[Trend] | None:
    """What is not zero on all days, where labels have the values of `match`; None for what is not kept by day.

    Values of open labels are added up. Those of closed labels are not: won and lost deals make no sum, nor do
    currencies.
    """
    amounts = recent.of(metric)
    if amounts is None:
        return None
    names = [label.name for label in metric.labels]
    wanted = [(names.index(name), value) for name, value in match.items()]
    apart = [
        place
        for place, label in enumerate(metric.labels)
        if label.name not in match and (label.values is not None or label.name == "currency")
    ]
    sums: dict[Labels, list[int]] = {}
    for place, found in enumerate(amounts):
        for labels, amount in found.items():
            if all(labels[index] == value for index, value in wanted):
                group = tuple(labels[index] for index in apart)
                sums.setdefault(group, [0] * len(amounts))[place] += amount
    dates = [date_of(day).isoformat() for day in recent.days]
    return [
        _trend(metric, {names[index]: value for index, value in zip(apart, group, strict=True)}, dates, sums[group])
        for group in sorted(sums)
        if any(sums[group])
    ]


def tile_trends(declared: Declaration, panels: Iterable[Mapping[str, Any]], today: int) -> list[Trend]:
    """What tiles about a metric draw by day, of each currency; `panels` are those of the wall's values by choice."""
    found = []
    for choices in panels:
        for currency, shown in choices.items():
            spark = shown.get("spark")
            if shown.get("about") != declared.series or not spark or spark["grain"] != Grain.DAY:
                continue
            values = spark["values"]
            dates = (date_of(day).isoformat() for day in range(today - len(values) + 1, today + 1))
            caption = spark["caption"].partition(";")[0]
            trend = Trend(
                title=", ".join(filter(None, (_words(declared), currency, caption))),
                days=list(zip(dates, values, strict=True)),
                when="by the end of a day" if spark["curve"] is Curve.RUNNING else "a day",
                text=partial(value_text, unit=declared.unit, currency=currency),
            )
            found += [trend] if any(value is not None for value in values) else []
    return found


def _words(declared: Declaration) -> str:
    return declared.name.replace("_", " ")


def _trend(metric: Metric, labels: Mapping[str, str], dates: list[str], amounts: list[int]) -> Trend:
    currency = labels.get("currency", "")
    values = [base_units(each, currency) if metric.unit is Unit.MONEY else float(each) for each in amounts]
    return Trend(
        title=", ".join([_words(metric), *labels.values()]),
        days=list(zip(dates, values, strict=True)),
        when="at the end of a day" if metric.is_level else "a day",
        text=partial(value_text, unit=metric.unit, currency=currency),
    )
