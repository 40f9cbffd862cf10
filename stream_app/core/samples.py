"""From sums of buckets to what users see: samples, with zeros, caps, units and the windows that can be answered."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate, product

from stream_app.core.calendar import month_of, months_before
from stream_app.core.facts import Series
from stream_app.core.histogram import SUM, bound_label
from stream_app.core.money import base_units
from stream_app.core.windows import Clock, answerable
from stream_app.spec.metric import Declaration, Kind, Metric, Unit
from stream_app.spec.window import Window

Labels = tuple[str, ...]
"""Label values in the order in which a metric declares its labels."""

Totals = Mapping[str, Mapping[Labels, int]]
"""Metric name -> label values -> sum."""

NONE: Mapping[Labels, int] = {}
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Sample:
    """One number: the full series name, its labels and its value in the unit that users see."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: float


@dataclass(frozen=True, slots=True)
class Due:
    """The due times of one step: how many are past, and the earliest in milliseconds."""

    overdue: int
    oldest: int


@dataclass(frozen=True, slots=True)
class View:
    """Everything that samples are made from, at one moment."""

    clock: Clock
    newest: Clock | None
    windows: Mapping[Window, Totals]
    levels: Totals
    due: Mapping[Series, Due]
    caps: Mapping[str, frozenset[str]] = field(default_factory=dict)
    constants: Mapping[str, float] = field(default_factory=dict)

    def total(self, window: Window, name: str) -> Mapping[Labels, int]:
        """Sums of a flow over a window by label values."""
        return self.windows[window].get(name, NONE)

    def level(self, name: str) -> Mapping[Labels, int]:
        """A level by label values."""
        return self.levels.get(name, NONE)

    def answers(self, window: Window) -> bool:
        """Whether all buckets of a window are still kept."""
        return answerable(window, self.clock, self.newest)


def capped_values(
    metrics: Iterable[Metric], view: View, limit: int
) -> tuple[dict[str, frozenset[str]], dict[str, int]]:
    """For each capped label that has more than `limit` values, those that stay; and how many do not, by label."""
    flows: dict[str, dict[str, int]] = {}
    for metric in metrics:
        counted = metric.kind is Kind.FLOW and metric.unit is Unit.COUNT and Window.D30 in metric.windows
        for index, label in enumerate(metric.labels):
            if not label.capped:
                continue
            ranks = flows.setdefault(label.name, {})
            for labels in _every_labels(metric, view):
                ranks.setdefault(labels[index], 0)
            if counted:
                for labels, amount in view.total(Window.D30, metric.name).items():
                    ranks[labels[index]] = ranks.get(labels[index], 0) + amount
    kept: dict[str, frozenset[str]] = {}
    folded: dict[str, int] = {}
    for name, ranks in flows.items():
        folded[name] = max(0, len(ranks) - limit)
        if folded[name]:
            kept[name] = frozenset(sorted(ranks, key=lambda value: (-ranks[value], value))[:limit])
    return kept, folded


def _every_labels(metric: Metric, view: View) -> Iterator[Labels]:
    if metric.kind is Kind.DUE:
        yield from (tuple(labels) for name, *labels in view.due if name == metric.name)
    elif metric.kind is Kind.LEVEL:
        yield from view.level(metric.name)
    else:
        for window in metric.windows:
            yield from view.total(window, metric.name)


def capped(totals: Mapping[Labels, int], metric: Metric, view: View) -> Mapping[Labels, int]:
    """Sums by the label values that are shown: values beyond a cap are `other`, early months what the label says."""
    names = _shown_names(metric, view)
    if not names:
        return totals
    merged: dict[Labels, int] = {}
    for labels, amount in totals.items():
        name = list(labels)
        for index, named in names:
            name[index] = named(name[index])
        if all(name[index] for index, _ in names):
            key = tuple(name)
            merged[key] = merged.get(key, 0) + amount
    return merged


def _shown_names(metric: Metric, view: View) -> list[tuple[int, Callable[[str], str]]]:
    """How the values of labels are shown, by the place of the label; empty for a value that is not shown."""
    names: list[tuple[int, Callable[[str], str]]] = []
    for index, label in enumerate(metric.labels):
        if label.capped and label.name in view.caps:
            names.append((index, partial(_within_cap, view.caps[label.name])))
        elif label.months:
            names.append((index, partial(_within_months, recent_months(view, label.months), label.earlier)))
    return names


def _within_cap(kept: frozenset[str], value: str) -> str:
    return value if value in kept else OTHER


def _within_months(months: Sequence[str], earlier: str, month: str) -> str:
    if earlier and month > months[0]:  # levels may be newer than the moment that is asked for
        return month
    return month if month in months else earlier


def samples_of(metric: Metric, view: View) -> list[Sample]:
    """Every sample of one declared metric."""
    if metric.kind is Kind.HISTOGRAM:
        return list(_histogram(metric, view))
    if metric.kind is Kind.LEVEL:
        totals = capped(view.level(metric.name), metric, view)
        known = with_zeros(metric, [totals, view.level(metric.zero_where)])
        return [sample(metric, labels, totals.get(labels, 0)) for labels in known]
    windows = [window for window in metric.windows if view.answers(window)]
    sums = {window: capped(view.total(window, metric.name), metric, view) for window in windows}
    known = with_zeros(metric, sums.values())
    return [sample(metric, labels, sums[window].get(labels, 0), window) for labels in known for window in windows]


def with_zeros(metric: Metric, totals: Iterable[Mapping[Labels, int]]) -> list[Labels]:
    """Label values that are seen, each with every value of the closed labels; sorted by label values."""
    opened = {
        tuple(value for label, value in zip(metric.labels, labels, strict=True) if label.values is None)
        for total in totals
        for labels in total
    }
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


def _histogram(metric: Metric, view: View) -> Iterator[Sample]:
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
        for labels, amount in capped(totals, metric, view).items():
            place, part = labels[:-1], labels[-1]
            counts, sum_ = series.get(place, ([0] * len(bounds), 0))
            if part == SUM:
                sum_ += amount
            else:
                counts[int(part)] += amount
            series[place] = (counts, sum_)
        seen.append(series)
    known = sorted({labels for series in seen for labels in series})
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
