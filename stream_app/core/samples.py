"""From sums of buckets to what users see: samples, with zeros, caps, units and the windows that can be answered."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, product
from typing import NamedTuple

from stream_app.core.calendar import month_of, months_before
from stream_app.core.envelope import MAX_FUTURE_MS
from stream_app.core.facts import Series
from stream_app.core.histogram import SUM, bound_label
from stream_app.core.limits import Labels, Limited, combination, limited, ranked
from stream_app.core.money import base_units
from stream_app.core.windows import KEPT, MINUTE_MS, Clock, answerable
from stream_app.spec.metric import SERIES_LIMIT, Declaration, Kind, Metric, Unit
from stream_app.spec.ratio import Month
from stream_app.spec.window import Grain, Window

Totals = Mapping[str, Mapping[Labels, int]]
"""Metric name -> label values -> sum."""

Changes = dict[str, dict[Labels, int] | None]
"""Metric name -> label values -> what was added to the sum; None instead of amounts where every sum is new."""

NONE: Mapping[Labels, int] = {}


class Sample(NamedTuple):
    """One number: the full series name, its labels and its value in the unit that users see."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: float


@dataclass(frozen=True, slots=True)
class Due:
    """The due times of one step: how many are past, and the earliest in milliseconds."""

    overdue: int
    oldest: int


class TermKey(NamedTuple):
    """What a sum is of: a metric where its labels have certain values, over a window, by the labels of these names."""

    name: str
    match: tuple[tuple[str, tuple[str, ...] | Month], ...]
    window: Window | None
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class View:
    """Everything that samples are made from, at one moment.

    `levels` are those at the end of its day, `due` is what is due now.
    """

    clock: Clock
    newest: Clock | None
    windows: Mapping[Window, Totals]
    levels: Totals
    due: Mapping[Series, Due]
    series_limit: int = SERIES_LIMIT
    constants: Mapping[str, float] = field(default_factory=dict)
    terms: dict[TermKey, dict[Labels, float]] = field(default_factory=dict)
    """Sums that were computed from this view already: ratios share many."""
    used: set[TermKey] = field(default_factory=set)
    """Which of these sums were looked at."""
    changes: Mapping[Window, Changes] = field(default_factory=dict)
    """How the sums of each window differ from those of the view before."""

    def total(self, window: Window, name: str) -> Mapping[Labels, int]:
        """Sums of a flow over a window by label values."""
        return self.windows[window].get(name, NONE)

    def level(self, name: str) -> Mapping[Labels, int]:
        """A level by label values."""
        return self.levels.get(name, NONE)

    def answers(self, window: Window) -> bool:
        """Whether all buckets of a window are still kept."""
        return answerable(window, self.clock, self.newest)

    @property
    def is_past(self) -> bool:
        """Whether there are events of later days; one that is a few minutes ahead makes no past."""
        if self.newest is None or self.clock.day >= self.newest.day:
            return False
        return self.newest.minute - self.clock.minute > MAX_FUTURE_MS // MINUTE_MS

    @property
    def knows_levels(self) -> bool:
        """Whether all changes of levels since the end of the day are still kept."""
        return self.newest is None or self.clock.day >= self.newest.day - KEPT[Grain.DAY]


RANKED_BY = (
    Window.D30,
    Window.D90,
    Window.D7,
    Window.H24,
    Window.H1,
    Window.M5,
    Window.PREV_MONTH,
    Window.MTD,
)
"""Combinations are ranked by the first of these that a metric has: 30 days, else the longest."""


def ranking_window(windows: Sequence[Window]) -> Window:
    """The window whose sums rank the label combinations of a metric with these windows."""
    return next(window for window in RANKED_BY if window in windows)


def limit_of(metric: Metric, view: View) -> Limited:
    """The label combinations of a metric that are shown by themselves.

    A flow ranks by its sum over 30 days, a level by its value, a distribution by its count, due times as the level that
    counts them. What is zero in every window does not exist.
    """
    if metric.kind is Kind.DUE:
        ranks = ranked(metric.labels, view.level(metric.zero_where), ())
    elif not metric.windows:
        ranks = ranked(metric.labels, _counts(metric, view.level(metric.name)), [view.level(metric.zero_where)])
    else:
        by = ranking_window(metric.windows)
        sums = {window: _counts(metric, view.total(window, metric.name)) for window in metric.windows}
        found = [total for window, total in sums.items() if view.answers(window)]
        ranks = ranked(metric.labels, sums[by] if view.answers(by) else NONE, found)
    return limited(metric.labels, ranks, view.series_limit)


def _counts(metric: Metric, totals: Mapping[Labels, int]) -> Mapping[Labels, int]:
    """Sums that rank: of a distribution its counts, without its sum."""
    if metric.kind is not Kind.HISTOGRAM:
        return totals
    return {labels: amount for labels, amount in totals.items() if labels[-1] != SUM}


def by_shown_months(totals: Mapping[Labels, int], metric: Metric, view: View) -> Mapping[Labels, int]:
    """Sums by the months that are shown: early ones are what the label says, or left out."""
    months = [
        (index, recent_months(view, label.months), label.earlier)
        for index, label in enumerate(metric.labels)
        if label.months
    ]
    if not months:
        return totals
    merged: dict[Labels, int] = {}
    for labels, amount in totals.items():
        name = list(labels)
        for index, recent, earlier in months:
            name[index] = name[index] if name[index] in recent else earlier
        if all(name[index] for index, _, _ in months):
            key = tuple(name)
            merged[key] = merged.get(key, 0) + amount
    return merged


def capped(totals: Mapping[Labels, int], metric: Metric, view: View, limit: Limited) -> Mapping[Labels, int]:
    """Sums by the label values that are shown."""
    return limit.merged(by_shown_months(totals, metric, view))


def samples_of(metric: Metric, view: View, limit: Limited) -> list[Sample]:
    """Every sample of one declared metric, whose label combinations are limited so."""
    if metric.is_level and not view.knows_levels:
        return []
    if metric.kind is Kind.HISTOGRAM:
        return list(_histogram(metric, view, limit))
    if metric.kind is Kind.LEVEL:
        totals = capped(view.level(metric.name), metric, view, limit)
        known = with_zeros(metric, [totals, view.level(metric.zero_where)])
        return [sample(metric, labels, totals.get(labels, 0)) for labels in known]
    windows = [window for window in metric.windows if view.answers(window)]
    sums = {window: capped(view.total(window, metric.name), metric, view, limit) for window in windows}
    return [
        each
        for labels in with_zeros(metric, sums.values())
        for each in windowed_samples(metric, labels, {window: totals.get(labels, 0) for window, totals in sums.items()})
    ]


def windowed_samples(metric: Metric, labels: Labels, amounts: Mapping[Window, int]) -> list[Sample]:
    """The samples of one combination of label values, one for each window."""
    named = tuple(zip((label.name for label in metric.labels), labels, strict=True))
    return [
        Sample(metric.series, (*named, ("window", window.value)), shown_value(metric, labels, amount))
        for window, amount in amounts.items()
    ]


def with_zeros(metric: Metric, totals: Iterable[Mapping[Labels, int]]) -> list[Labels]:
    """Label values that are not zero, each with every value of the closed labels; sorted by label values."""
    opened = {combination(metric.labels, labels) for total in totals for labels, amount in total.items() if amount}
    if all(label.values is not None for label in metric.labels):
        opened = {()}
    found: list[Labels] = []
    for each in sorted(opened):
        rest = iter(each)
        found += product(*[label.values if label.values is not None else (next(rest),) for label in metric.labels])
    return found


def sample(metric: Declaration, labels: Labels, amount: int, window: Window | None = None) -> Sample:
    """One sample in the unit that users see."""
    return shown(metric, labels, shown_value(metric, labels, amount), window)


def _histogram(metric: Metric, view: View, limit: Limited) -> Iterator[Sample]:
    sources: list[tuple[tuple[tuple[str, str], ...], Mapping[Labels, int]]] = [
        ((("window", window.value),), view.total(window, metric.name))
        for window in metric.windows
        if view.answers(window)
    ] or [((), view.level(metric.name))]
    names = [label.name for label in metric.labels]
    scale = 1000 if metric.unit is Unit.SECONDS else 1
    bounds = [*map(bound_label, metric.bounds), "+Inf"]
    seen: list[dict[Labels, tuple[list[int], int]]] = []
    for _, totals in sources:
        series: dict[Labels, tuple[list[int], int]] = {}
        for labels, amount in capped(totals, metric, view, limit).items():
            place, part = labels[:-1], labels[-1]
            counts, sum_ = series.get(place, ([0] * len(bounds), 0))
            if part == SUM:
                sum_ += amount
            else:
                counts[int(part)] += amount
            series[place] = (counts, sum_)
        seen.append(series)
    known = sorted({labels for series in seen for labels, (counts, _) in series.items() if any(counts)})
    if all(label.values is not None for label in metric.labels):
        known = list(product(*(label.values or () for label in metric.labels)))
    for labels in known:
        named = tuple(zip(names, labels, strict=True))
        for (window, _), series in zip(sources, seen, strict=True):
            counts, sum_ = series.get(labels, ([0] * len(bounds), 0))
            for bound, count in zip(bounds, accumulate(counts), strict=True):
                yield Sample(f"{metric.series}_bucket", (*named, *window, ("le", bound)), count)
            yield Sample(f"{metric.series}_gcount", (*named, *window), sum(counts))
            yield Sample(f"{metric.series}_gsum", (*named, *window), sum_ / scale)


def recent_months(view: View, count: int) -> list[str]:
    """The running month and those before it, `count` in all, newest first."""
    current = month_of(view.clock.day)
    return [months_before(current, back) for back in range(count)]


def shown(declared: Declaration, labels: Labels, value: float, window: Window | None = None) -> Sample:
    """The sample of a declared metric: its label names are those of the declaration."""
    named = tuple(zip((label.name for label in declared.labels), labels, strict=True))
    return Sample(declared.series, (*named, ("window", window.value)) if window else named, value)


def shown_value(declared: Declaration, labels: Labels, amount: float) -> float:
    """An amount in the unit that users see: money in base units of its currency, moments in seconds."""
    if declared.unit is Unit.MONEY:
        return base_units(
            amount,
            next(value for label, value in zip(declared.labels, labels, strict=True) if label.name == "currency"),
        )
    return amount / 1000 if declared.unit is Unit.TIMESTAMP else amount
