"""`docs/metrics.md`: what each series means, rendered from its declaration."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from stream_app.render.catalog import Catalog, Rendered
from stream_app.render.example_text import expected_samples, given_events, place_and_time
from stream_app.render.markdown import GENERATED, code, page, table
from stream_app.spec.example import Example
from stream_app.spec.metric import PREFIX, Declaration, Kind, Label, Metric, Unit
from stream_app.spec.window import Window

PATH = "docs/metrics.md"

SECTIONS = {
    "A": ("Flows", "Gauges with a `window`: the number of facts dated in the window, by event time."),
    "B": ("Levels", "Gauges: the state now."),
    "C": ("Distributions", "Gauge histograms: `_bucket` (cumulative, by `le`), `_gcount` and `_gsum`."),
    "D": ("Ratios", "Gauges computed from the above, which stay exported. No sample where the denominator is 0."),
}

_INTRODUCTION = """\
The numbers depend only on the set of events: order, duplicates, crashes and restarts do not change them. A late event
restates the window that it belongs to."""

_CONVENTIONS = """\
## How to read a series

- **Windows** end with the bucket that is running and count it whole: `5m` is 5 minute buckets, `1h` 60, `24h` 24 hour
  buckets, `7d` 168, `30d` 30 day buckets, `90d` 90. `mtd` is this month so far, `prev_month` the one before,
  `prev_month_to_date` as many full days of that month as this month has completed. Days and months are those of the
  business time zone (`STREAM_APP_TIMEZONE`). A window that reaches back beyond what is kept has no sample.
- **Labels**: a metric keeps the combinations of its labels with the largest flow over 30 days (1,000 of them, unless
  `STREAM_APP_SERIES_LIMIT` says otherwise); the others are summed into `other` in every label marked *open*. What is
  zero in every window has no sample, unless all its labels have closed sets. An absent value is `none`. No identifier
  of a person, company, message or subscription is ever a label.
- **Money** is in base units of the label `currency` (euros, not cents); currencies are never added up.
- **Ratios** are 0 to 1.
- *First* is the earliest by event time, *newest* the latest; events of one instant are in the order of (`sequence`,
  rank of the type, `id`, `source`): see [events.md](events.md)."""

_UNITS = {
    Unit.COUNT: "count",
    Unit.MONEY: "money, base units of `currency`",
    Unit.SECONDS: "seconds",
    Unit.POINTS: "points",
    Unit.RATIO: "ratio",
    Unit.MONTHS: "months",
    Unit.TIMESTAMP: "seconds since 1970 (UTC)",
}


def metric_page(catalog: Catalog) -> Rendered:
    """Return the page of all metrics that users see: a summary, then a section for each."""
    shown = exported(catalog)
    examples = _examples(shown, catalog.examples)
    parts = (_part(letter, [each for each in shown if each.section == letter], examples) for letter in SECTIONS)
    return {PATH: page("# Metrics", GENERATED, _INTRODUCTION, _summary(shown), _CONVENTIONS, *parts)}


def exported(catalog: Catalog) -> list[Declaration]:
    """Return the metrics that users see, by section and in order of declaration. ValueError for an unknown section."""
    visible = [metric for metric in catalog.metrics if not metric.internal]
    shown: list[Declaration] = [*visible, *catalog.derived, *catalog.ratios]
    if unknown := {each.section for each in shown} - SECTIONS.keys():
        msg = f"no section of the metrics page: {', '.join(sorted(unknown))}"
        raise ValueError(msg)
    return sorted(shown, key=lambda each: each.section)


def _summary(shown: Sequence[Declaration]) -> str:
    rows = (
        (f"[`{each.series}`](#{each.series})", code(label.name for label in each.labels) or "-", _windows(each.windows))
        for each in shown
    )
    return page("## All series", table(("series", "labels", "windows"), rows)).rstrip()


def _part(letter: str, shown: Iterable[Declaration], examples: Mapping[str, Sequence[str]]) -> str:
    title, meaning = SECTIONS[letter]
    sections = [page(_section(each), *examples[each.series]).rstrip() for each in shown]
    return page(f"## {letter}. {title}", meaning, *sections).rstrip() if sections else ""


def _examples(shown: Sequence[Declaration], examples: Sequence[Example]) -> dict[str, list[str]]:
    """Return the examples of each series: in full under the first that an example explains, in short under others."""
    texts: dict[str, list[str]] = {each.series: [] for each in shown}
    for example in examples:
        explained = [series for series in (PREFIX + name for name in example.explains) if series in texts]
        for series in explained[:1]:
            texts[series].append(_in_full(example, series))
        for series in explained[1:]:
            texts[series].append(_in_short(example, series, explained[0]))
    return texts


def _in_full(example: Example, series: str) -> str:
    return page(
        f"#### {example.title}",
        f"Read at {place_and_time(example)}.",
        _list(given_events(example)),
        example.arithmetic,
        _expected(example, series),
        f"Source: {example.source}." if example.source else "",
    ).rstrip()


def _in_short(example: Example, series: str, first: str) -> str:
    return page(f"In *{example.title}*, described under [`{first}`](#{first}):", _expected(example, series)).rstrip()


def _expected(example: Example, series: str) -> str:
    return _list(f"**{line}**" for line in expected_samples(example, series))


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _section(each: Declaration) -> str:
    facts = chain(
        (f"Formula: {each.formula}" for _ in each.formula[:1]),
        (f"Unit: {_UNITS[each.unit]}",),
        (f"Windows: {_windows(each.windows)}" for _ in each.windows[:1]),
        (f"Label `{label.name}`: {_values(label)}" for label in each.labels),
        _buckets(each),
    )
    return page(
        f"### {each.series}",
        each.definition,
        _list(facts),
        f"> **Note.** {each.note}" if each.note else "",
    ).rstrip()


def _windows(windows: Sequence[Window]) -> str:
    return code(window.value for window in windows) or "-"


def _values(label: Label) -> str:
    if label.values is not None:
        return code(label.values)
    if label.months:
        return f"months, the last {label.months}{f', before that `{label.earlier}`' if label.earlier else ''}"
    return "open" if label.capped else "as they occur"


def _buckets(each: Declaration) -> tuple[str, ...]:
    if isinstance(each, Metric) and each.kind is Kind.HISTOGRAM:
        bounds = (f"`{bound:g}`{_duration(bound) if each.unit is Unit.SECONDS else ''}" for bound in each.bounds)
        return (f"Buckets up to: {', '.join(bounds)}",)
    return ()


def _duration(seconds: float) -> str:
    hours = round(seconds / 3600)
    return f" ({hours // 24}d)" if hours % 24 == 0 else f" ({hours}h)"
