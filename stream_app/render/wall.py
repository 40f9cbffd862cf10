"""The wall's page without Grafana: the values of each panel, for a page that knows the rendered dashboard."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from itertools import accumulate
from math import ceil
from typing import Any

from stream_app.core.samples import Sample
from stream_app.core.sums import Contents
from stream_app.core.targets import Targets
from stream_app.core.windows import Bucket, Clock, span
from stream_app.render.dashboards import panels_by_id, targets_by_ref_id
from stream_app.render.evaluation import (
    Buckets,
    EvalContext,
    Lookup,
    Pairs,
    Vector,
    of_bucket,
    of_samples,
    value_of,
    vector,
)
from stream_app.render.progress import Progress, progress
from stream_app.spec.condition import Condition, Soon, Status
from stream_app.spec.expression import Selector
from stream_app.spec.metric import Metric
from stream_app.spec.panel import Curve, Dashboard, Measure, Measured, Panel, Spark, TargetKind, Variable
from stream_app.spec.threshold import Thresholds
from stream_app.spec.window import Grain, Window
from stream_app.spec.working_time import AS_SHIPPED, WorkCalendar

Node = dict[str, Any]


KnownBuckets = dict[Bucket, tuple[Contents, Lookup]]
"""What was found in a bucket that had such contents."""

ProgressOf = Mapping[tuple[str, str], Progress]
"""How far targets are, by what `Targets` has them by."""

HoldingSince = dict[tuple[str, Pairs], int]
"""Since which millisecond a condition is known to hold for a labeling, by its name; changed as it goes on."""

_NOTHING: Contents = {}

_MONTH_DAYS = 31
"""So many days back nothing is compared with what was longer ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WallData:
    """What the wall is drawn from: everything that is exported, and the buckets behind it.

    `known` is what was found in buckets before: it is for these metrics alone.
    """

    samples: Sequence[Sample]
    buckets: Buckets
    clock: Clock
    metrics: Mapping[str, Metric]
    known: KnownBuckets = field(default_factory=dict)
    thresholds: Thresholds | None = None
    targets: Targets = field(default_factory=dict)
    begun: frozenset[str] = frozenset()
    """The families of which an event has come."""

    work: WorkCalendar = AS_SHIPPED
    since: HoldingSince = field(default_factory=dict)

    def bucket(self, grain: Grain, number: int) -> Lookup:
        """Look up what a bucket holds."""
        content = self.buckets[grain].get(number, _NOTHING)
        known = self.known.get((grain, number))
        if not known or known[0] is not content:
            known = self.known[grain, number] = content, of_bucket(content, self.metrics)
        return known[1]

    def reaches_back(self, days: int) -> bool:
        """Whether anything is known that is so many days old."""
        return any(found and day <= self.clock.day - days for day, found in self.buckets[Grain.DAY].items())

    def forget(self) -> None:
        """Leave out of `known` what the wall no longer shows."""
        for grain, number in [each for each in self.known if each[1] not in self.buckets[each[0]]]:
            del self.known[grain, number]


def progress_of_targets(wall: Dashboard, data: WallData) -> ProgressOf:
    """Return how far each target of a wall is. Of a currency that has no sample nothing is reached."""
    contexts = _contexts(wall, data, {currency for _, currency in data.targets})
    measured, today = wall.measured, data.clock.day
    return {
        (name, currency): progress(
            measured[name], target, contexts[currency], lambda day: data.bucket(Grain.DAY, day), today
        )
        for (name, currency), target in data.targets.items()
    }


def wall_values(wall: Dashboard, data: WallData, reached: ProgressOf) -> Node:
    """Return the values of every panel by its id: for each choice of the wall's variable, or under "" if it has none.

    A wall has one variable, which is a label of a series. `reached` is how far each of its targets is.
    """
    (variable,) = wall.variables
    choices = sorted({dict(each.labels)[variable.label] for each in data.samples if each.name == variable.series})
    contexts = _contexts(wall, data, ["", *choices])
    without = {"": contexts.pop("")}
    return {
        "at": data.clock.now,
        "choices": choices,
        "panels": {
            str(number): {
                choice: _panel(panel, context, data, reached)
                for choice, context in ((contexts or without) if _uses(variable, panel) else without).items()
            }
            for number, panel in panels_by_id(wall)
        },
    }


def _contexts(wall: Dashboard, data: WallData, choices: Iterable[str]) -> dict[str, EvalContext]:
    """What expressions are computed on, by what the wall's variable is set to."""
    (variable,) = wall.variables
    lookup = of_samples(data.samples, data.buckets, data.clock, data.metrics)
    now = data.clock.now / 1000
    shared = EvalContext(
        lookup, now, {}, thresholds=data.thresholds, bucket=data.bucket, today=data.clock.day, work=data.work
    )
    return {choice: replace(shared, variables={variable.name: choice}) for choice in choices}


def wanted_series(wall: Dashboard) -> frozenset[str]:
    """The series that a wall is drawn from."""
    return frozenset(_named(wall)) | {each.series for each in wall.variables}


def _named(declared: object) -> Iterator[str]:
    """The series that any part of a declaration selects."""
    if isinstance(declared, Selector):
        yield declared.series
    elif isinstance(declared, tuple):
        for each in declared:
            yield from _named(each)
    elif is_dataclass(declared):
        for each in fields(declared):
            yield from _named(getattr(declared, each.name))


def _uses(variable: Variable, panel: Panel) -> bool:
    return f"${variable.name}" in repr(panel)


def _panel(panel: Panel, context: EvalContext, data: WallData, reached: ProgressOf) -> Node:
    if panel.conditions:
        return {"conditions": [_condition(each, context, data) for each in panel.conditions]}
    begun = not data.begun.isdisjoint(panel.families)
    counts = begun and panel.measured is not None and panel.measured.measure is Measure.COUNT
    nothing: Vector = {(): 0.0} if counts and data.reaches_back(_MONTH_DAYS) else {}
    node: Node = {
        "about": panel.about,
        "alert": panel.runbook,
        "begun": begun,
        "none": (begun and panel.nothing) or panel.empty,
        "suffix": context.variables.get(panel.suffix.removeprefix("$"), panel.suffix),
        "values": [
            {
                "refId": ref_id,
                "kind": target.kind,
                "legend": target.legend,
                "found": _listed(vector(target.of, context) or (nothing if target.kind is TargetKind.PREVIOUS else {})),
            }
            for ref_id, target in targets_by_ref_id(panel)
        ],
    }
    if panel.spark:
        node["spark"] = _spark(panel.spark, context, data)
    if panel.measured and (target := _target(panel.measured, context, data, reached)):
        node["target"] = target
    return node


def _target(measured: Measured, context: EvalContext, data: WallData, reached: ProgressOf) -> Node | None:
    currency = "".join(context.variables.values()) if measured.measure is Measure.LEVEL else ""
    target = data.targets.get((measured.name, currency))
    if target is None:
        return None
    found = reached[measured.name, currency]
    return {
        "measure": measured.measure,
        "goal": target.goal,
        "period": target.period,
        "ends": found.ends,
        "soFar": found.so_far,
        "pace": found.pace,
    }


def _condition(condition: Condition, context: EvalContext, data: WallData) -> Node:
    holding = vector(condition.instant, context)
    waiting = sorted(_waiting(condition, holding, data), key=lambda each: (-each[1], each[0]))
    pages = condition.severity == "critical"
    node: Node = {
        "name": condition.name,
        "title": condition.title,
        "status": condition.status,
        "tag": condition.tag,
        "foundText": condition.found_text,
        "okText": condition.ok_text,
        "unit": condition.unit,
        "found": [
            {"labels": dict(pairs), "value": value, "minutes": ceil(waits / 60) if pages else 0}
            for pairs, value, waits in waiting
        ],
    }
    if condition.soon:
        node["soon"] = _soon(condition.soon, condition, context, holding)
    return node


def _soon(soon: Soon, condition: Condition, context: EvalContext, holding: Vector) -> Node:
    """What is about to hold, first what will not wait any longer."""
    left = vector(soon.minutes, context)
    return {
        "name": condition.name,
        "title": soon.title,
        "status": Status.WATCH,
        "tag": soon.tag,
        "found": [
            {"labels": dict(pairs), "minutes": minutes + condition.waits_s // 60}
            for pairs, minutes in sorted(left.items(), key=lambda each: (each[1], each[0]))
            if pairs not in holding
        ],
    }


def _waiting(condition: Condition, holding: Vector, data: WallData) -> Iterator[tuple[Pairs, float, float]]:
    """For what a condition holds, its value, and for how many seconds more it has to hold before the alert fires."""
    for gone in [each for each in data.since if each[0] == condition.name and each[1] not in holding]:
        del data.since[gone]
    for pairs, value in holding.items():
        since = data.since.setdefault((condition.name, pairs), data.clock.now)
        yield pairs, value, max(0, condition.waits_s - (data.clock.now - since) / 1000)


def _listed(found: Vector) -> list[Node]:
    return [{"labels": dict(pairs), "value": value} for pairs, value in found.items()]


def _spark(spark: Spark, context: EvalContext, data: WallData) -> Node:
    numbers = _numbers(spark, data.clock)
    curve = _curve(spark, context, data, numbers)
    node: Node = {"curve": spark.curve, "grain": spark.grain, "caption": spark.caption, "values": curve}
    if spark.before:
        node["before"] = _curve(spark, context, data, range(numbers.start - spark.before, numbers.stop - spark.before))
    return node


def _numbers(spark: Spark, clock: Clock) -> range:
    if isinstance(spark.span, Window):
        return span(spark.span, clock)
    running = clock.running(spark.grain)
    return range(running - spark.span + 1, running + 1)


def _curve(spark: Spark, context: EvalContext, data: WallData, numbers: range) -> list[float | None]:
    lookups = (data.bucket(spark.grain, number) for number in numbers)
    contexts = (replace(context, lookup=lookup) for lookup in lookups)
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
