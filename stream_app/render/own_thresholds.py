"""PromQL with the thresholds of an installation; what has its own (a program, a step, a currency) is tested apart."""

import json
from collections.abc import Collection, Iterator
from textwrap import indent

from stream_app.spec.threshold import Override, Thresholds


def with_own_thresholds(template: str, thresholds: Thresholds, labels: Collection[str]) -> str:
    """Return the PromQL of a template whose results have these labels.

    `or` joins the general expression, without what has its own thresholds, with one for each that has.
    """
    overrides = thresholds.overrides_of(template, labels)
    if not overrides:
        return thresholds.filled(template)
    parts = [_without(thresholds.filled(template), overrides)]
    for each in overrides:
        own = f"{_enclosed(thresholds.filled(template, dict(each.labels)))}\nand on ({_names(each)})\n{_series(each)}"
        parts.append(_without(own, tuple(_within(each, overrides))))
    return "\nor\n".join(map(_enclosed, parts))


def _within(outer: Override, overrides: tuple[Override, ...]) -> Iterator[Override]:
    """Those of a part of what another is for: a step of a program."""
    return (each for each in overrides if set(each.labels) > set(outer.labels))


def _without(expr: str, overrides: tuple[Override, ...]) -> str:
    left_out = "".join(f"\nunless on ({_names(each)})\n{_series(each)}" for each in overrides)
    return f"{_enclosed(expr)}{left_out}" if left_out else expr


def _enclosed(expr: str) -> str:
    return f"(\n{indent(expr.strip(), '  ')}\n)"


def _names(override: Override) -> str:
    return ", ".join(label for label, _ in override.labels)


def _series(override: Override) -> str:
    """A series that has these labels, whatever is measured."""
    series = "vector(1)"
    for label, value in override.labels:
        # A JSON string is a PromQL string, whatever it holds; $ begins a group of the regular expression.
        quoted = json.dumps(value.replace("$", "$$"), ensure_ascii=False)
        series = f'label_replace({series}, "{label}", {quoted}, "", "")'
    return series
