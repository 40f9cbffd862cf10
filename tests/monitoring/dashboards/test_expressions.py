"""Expressions: the PromQL they become, and what they are worth without it."""

from datetime import UTC, datetime

import pytest

from stream_app.core.samples import Sample
from stream_app.core.windows import Clock
from stream_app.render.evaluation import EvalContext, Vector, of_samples, value_of, vector
from stream_app.spec.expression import (
    Arithmetic,
    Expression,
    Filter,
    MonthElapsed,
    Now,
    Number,
    Offset,
    RawPromQL,
    SetOperation,
    Sum,
    TopK,
    largest,
    or_zero,
    selector,
    share,
    total,
)
from stream_app.spec.promql import promql
from stream_app.spec.threshold import Override, Threshold, Thresholds


def gauge(name: str, value: float, **labels: str) -> Sample:
    return Sample(f"lifecycle_{name}", tuple(labels.items()), value)


SAMPLES = [
    gauge("late", 4, program="a", step="x"),
    gauge("late", 6, program="a", step="y"),
    gauge("late", 1, program="b", step="x"),
    gauge("held", 8, program="a", step="x"),
    gauge("held", 0, program="a", step="y"),
    gauge("money", 5, currency="EUR"),
    gauge("money", 7, currency="JPY"),
    Sample("stream_app_family_first_event_applied", (("family", "lead"),), 1),
]
LATE, HELD = selector("late"), selector("held")
AX, AY, BX = ((("program", program), ("step", step)) for program, step in ("ax", "ay", "bx"))


def worth(expression: Expression, found: list[Sample] = SAMPLES) -> Vector:
    lookup = of_samples(found, {}, Clock(0, 0, 0, 0), {})
    return vector(expression, EvalContext(lookup, 1000.0, {"currency": "JPY"}))


@pytest.mark.parametrize(
    ("expression", "query", "value"),
    [
        (selector("late", step="x"), 'lifecycle_late{step="x"}', {AX: 4, BX: 1}),
        (selector("late", step=("x", "z")), 'lifecycle_late{step=~"x|z"}', {AX: 4, BX: 1}),
        (total("money", currency="$currency"), 'sum(lifecycle_money{currency=~"$currency"})', {(): 7}),
        (total("late"), "sum(lifecycle_late)", {(): 11}),
        (total("late", "program"), "sum by (program) (lifecycle_late)", {AX[:1]: 10, BX[:1]: 1}),
        (total("nothing"), "sum(lifecycle_nothing)", {}),
        (largest("late", "program"), "max by (program) (lifecycle_late)", {AX[:1]: 6, BX[:1]: 1}),
        (Number(2, alone=True), "vector(2)", {(): 2}),
        (Arithmetic(Now(), "-", LATE), "time() - lifecycle_late", {AX: 996, AY: 994, BX: 999}),
        (Arithmetic(LATE, "*", Number(2)), "lifecycle_late * 2", {AX: 8, AY: 12, BX: 2}),
        (share(LATE, HELD), "lifecycle_late / (lifecycle_held > 0)", {AX: 0.5}),
        (Filter(share(LATE, HELD), ">=", 0.5), "(lifecycle_late / (lifecycle_held > 0)) >= 0.5", {AX: 0.5}),
        (TopK(2, LATE), "topk(2, lifecycle_late)", {AY: 6, AX: 4}),
        (SetOperation(LATE, "and", HELD), "lifecycle_late and lifecycle_held", {AX: 4, AY: 6}),
        (SetOperation(LATE, "unless", HELD), "lifecycle_late unless lifecycle_held", {BX: 1}),
        (
            or_zero(total("nothing"), "lead"),
            'sum(lifecycle_nothing) or (0 * max(stream_app_family_first_event_applied{family="lead"}))',
            {(): 0},
        ),
        (
            or_zero(total("nothing"), "email", "billing"),
            'sum(lifecycle_nothing) or (0 * max(stream_app_family_first_event_applied{family=~"email|billing"}))',
            {},
        ),
        (
            or_zero(total("late"), "lead"),
            'sum(lifecycle_late) or (0 * max(stream_app_family_first_event_applied{family="lead"}))',
            {(): 11},
        ),
        (SetOperation(HELD, "or", LATE), "lifecycle_held or lifecycle_late", {AX: 8, AY: 0, BX: 1}),
    ],
)
def test_an_expression_means_the_same_to_prometheus_and_to_the_page(
    expression: Expression, query: str, value: Vector
) -> None:
    assert promql(expression) == query
    assert worth(expression) == value


def test_a_threshold_is_what_it_is_set_to_for_the_labels() -> None:
    late = Filter(LATE, ">=", Threshold("late", 5, "count", "Late."))
    lookup = of_samples(SAMPLES, {}, Clock(0, 0, 0, 0), {})
    own = Thresholds({"late": 4}, (Override((("program", "b"),), {"late": 1}),))
    assert vector(late, EvalContext(lookup, 0.0, {})) == {AY: 6}
    assert vector(late, EvalContext(lookup, 0.0, {}, thresholds=own)) == {AX: 4, AY: 6, BX: 1}


def test_an_offset_shifts_the_series_itself() -> None:
    assert promql(Offset(total("late", "step"), 7)) == "sum by (step) (lifecycle_late offset 7d)"
    assert promql(Offset(Sum(LATE), 1)) == "sum(lifecycle_late offset 1d)"


def test_what_only_prometheus_knows_is_no_value() -> None:
    with pytest.raises(ValueError, match="only Prometheus can answer"):
        worth(RawPromQL("ALERTS"))


def test_what_has_no_samples_has_no_value() -> None:
    context = EvalContext(of_samples([], {}, Clock(0, 0, 0, 0), {}), 0.0, {})
    assert value_of(total("late"), context) is None


@pytest.mark.parametrize(
    ("now", "elapsed"),
    [
        (datetime(2026, 4, 24, 12, tzinfo=UTC), 24 / 30),
        (datetime(2026, 4, 24, 11, 59, tzinfo=UTC), 23 / 30),
        (datetime(2026, 5, 1, 11, 59, tzinfo=UTC), 1),
        (datetime(2026, 5, 1, 12, tzinfo=UTC), 0.5),
    ],
)
def test_the_elapsed_part_of_a_month_begins_twelve_hours_late(now: datetime, elapsed: float) -> None:
    context = EvalContext(of_samples([], {}, Clock(0, 0, 0, 0), {}), now.timestamp(), {})
    assert vector(MonthElapsed(0.5), context) == {(): pytest.approx(elapsed)}
