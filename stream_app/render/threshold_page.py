"""`docs/thresholds.md`: every threshold that `alerts.toml` may set."""

from collections.abc import Collection, Iterable, Mapping

from stream_app.render.catalog import Rendered
from stream_app.render.markdown import GENERATED, page, table
from stream_app.spec.threshold import Threshold

PATH = "docs/thresholds.md"

_INTRODUCTION = """\
What decides whether an alert fires, as shipped. [`alerts.toml`](alerts.md) sets others: for all in the table
`[thresholds]`, for a program in `[programs.NAME]`, for a currency in `[currencies.CODE]`. A share is from 0 to 1."""

_TABLES = {"program": "`[programs.NAME]`", "step": "`[programs.NAME.steps.STEP]`", "currency": "`[currencies.CODE]`"}


def threshold_page(thresholds: Iterable[Threshold], by_label: Mapping[str, Collection[str]]) -> Rendered:
    """Return the page; `by_label` are the names of those that may differ by a label."""
    rows = ((f"`{each.name}`", f"{each.default:,}", each.meaning, _where(each, by_label)) for each in thresholds)
    return {
        PATH: page("# Thresholds", GENERATED, _INTRODUCTION, table(("name", "default", "meaning", "also in"), rows))
    }


def _where(threshold: Threshold, by_label: Mapping[str, Collection[str]]) -> str:
    return ", ".join(_TABLES[label] for label, names in by_label.items() if threshold.name in names)
