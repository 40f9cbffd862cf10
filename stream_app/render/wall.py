"""The wall's page without Grafana: the values of each panel, for a page that knows the rendered dashboard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from stream_app.core.samples import Sample
from stream_app.core.windows import Clock, span
from stream_app.render.dashboards import letters, numbered
from stream_app.render.evaluation import Buckets, EvalContext, Vector, of_bucket, of_samples, value_of, vector
from stream_app.spec.metric import Metric
from stream_app.spec.panel import Curve, Dashboard, Panel, Spark
from stream_app.spec.window import Window

Node = dict[str, Any]

CURRENCY = "currency"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the wall is drawn from: everything that is exported, and the buckets behind it."""

    samples: Sequence[Sample]
    buckets: Buckets
    clock: Clock
    metrics: Mapping[str, Metric]


def wall_values(wall: Dashboard, seen: Seen) -> Node:
    """Return the values of every panel by its id; of one about money for each currency, of another under ""."""
    lookup = of_samples(seen.samples, seen.buckets, seen.clock, seen.metrics)
    source = next((variable.series for variable in wall.variables if variable.name == CURRENCY), "")
    currencies = sorted({dict(each.labels)[CURRENCY] for each in seen.samples if each.name == source})
    contexts = {each: EvalContext(lookup, seen.clock.now / 1000, {CURRENCY: each}) for each in currencies or [""]}
    first = next(iter(contexts.values()))
    return {
        "at": seen.clock.now,
        "currencies": currencies,
        "panels": {
            str(number): {
                name: _panel(panel, context, seen)
                for name, context in (contexts.items() if _is_about_money(panel) else [("", first)])
            }
            for number, panel in numbered(wall)
        },
    }


def _is_about_money(panel: Panel) -> bool:
    return f"${CURRENCY}" in repr(panel)


def _panel(panel: Panel, context: EvalContext, seen: Seen) -> Node:
    node: Node = {
        "values": [
            {
                "refId": letter,
                "role": target.role,
                "legend": target.legend,
                "found": _listed(vector(target.of, context)),
            }
            for letter, target in letters(panel)
            if not panel.checks
        ],
    }
    if panel.spark:
        node["spark"] = _spark(panel.spark, context, seen)
    if panel.checks:
        node["checks"] = [
            {
                "title": check.title,
                "well": check.well,
                "status": check.status,
                "says": check.says,
                "unit": check.unit,
                "found": _listed(vector(check.of, context)),
            }
            for check in panel.checks
        ]
    return node


def _listed(found: Vector) -> list[Node]:
    return [{"labels": dict(pairs), "value": value} for pairs, value in found.items()]


def _spark(spark: Spark, context: EvalContext, seen: Seen) -> Node:
    numbers = _numbers(spark, seen.clock)
    curve = _curve(spark, context, seen, numbers)
    node: Node = {"curve": spark.curve, "caption": spark.caption, "values": curve}
    if spark.before:
        node["before"] = _curve(spark, context, seen, range(numbers.start - spark.before, numbers.stop - spark.before))
    return node


def _numbers(spark: Spark, clock: Clock) -> range:
    if isinstance(spark.span, Window):
        return span(spark.span, clock)
    running = clock.running(spark.grain)
    return range(running - spark.span + 1, running + 1)


def _curve(spark: Spark, context: EvalContext, seen: Seen, numbers: range) -> list[float | None]:
    held = seen.buckets[spark.grain]
    contexts = (
        EvalContext(of_bucket(held.get(number, {}), seen.metrics), context.now, context.variables) for number in numbers
    )
    each = [value_of(spark.of, bucket) for bucket in contexts]
    base = value_of(spark.base, context) if spark.base else None
    match spark.curve:
        case Curve.LINE:
            return each
        case Curve.BARS:
            return [value or 0 for value in each]
        case Curve.RUNNING:
            return [value / base for value in accumulate(value or 0 for value in each)] if base else []
        case Curve.LEVEL:
            moved = list(accumulate((value or 0 for value in reversed(each)), initial=0))
            return [base - later for later in reversed(moved[:-1])] if base is not None else []
