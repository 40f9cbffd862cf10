"""How far a tile is towards its target, with numbers by hand."""

from datetime import date

import pytest

from stream_app.core.calendar import day_of
from stream_app.core.samples import Sample
from stream_app.core.targets import Period, PeriodTarget
from stream_app.core.windows import Clock
from stream_app.render.evaluation import EvalContext, Lookup, of_samples
from stream_app.render.progress import Progress, progress
from stream_app.spec.expression import share, total
from stream_app.spec.panel import Measure, Measured

TODAY = day_of(date(2026, 11, 11))
MONTH = PeriodTarget(300, Period.MONTH)
LEADS = Measured(name="leads", measure=Measure.COUNT, of=total("leads", window="24h"))
RATE = Measured(name="rate", measure=Measure.SHARE, of=share(total("clicks"), total("messages")))
MRR = Measured(
    name="mrr",
    measure=Measure.LEVEL,
    of=total("moved", currency="$currency"),
    level=total("mrr", currency="$currency"),
)


def looked_up(**values: float) -> Lookup:
    """Series of these names; each is of EUR and of a day."""
    labels = (("currency", "EUR"), ("window", "24h"))
    samples = [Sample(f"lifecycle_{name}", labels, value) for name, value in values.items()]
    return of_samples(samples, {}, Clock(0, 0, 0, 0), {})


def found(measured: Measured, target: PeriodTarget, days: dict[date, dict[str, float]], level: float = 0) -> Progress:
    """The progress on 11 November 2026, with these values of days and a level now."""
    by_day = {day_of(day): looked_up(**values) for day, values in days.items()}
    context = EvalContext(looked_up(mrr=level), 0.0, {"currency": "EUR"})
    nothing = looked_up()
    return progress(measured, target, context, lambda day: by_day.get(day, nothing), TODAY)


def test_a_count_goes_on_like_the_full_days_of_its_period() -> None:
    """Of 30 days ten are full, with 100 leads; the 7 of today and what was in October do not set the pace."""
    days = {
        date(2026, 10, 31): {"leads": 900.0},
        date(2026, 11, 1): {"leads": 40.0},
        date(2026, 11, 10): {"leads": 60.0},
    }
    days[date(2026, 11, 11)] = {"leads": 7.0}
    assert found(LEADS, MONTH, days) == Progress(107, 300, "2026-11-30")


def test_a_count_never_ends_with_less_than_it_has() -> None:
    days = {date(2026, 11, 1): {"leads": 10.0}, date(2026, 11, 11): {"leads": 90.0}}
    assert found(LEADS, MONTH, days) == Progress(100, 100, "2026-11-30")


def test_a_quarter_begins_with_its_first_month() -> None:
    """41 full days with 82 leads, of 92."""
    days = {date(2026, 9, 30): {"leads": 5.0}, date(2026, 10, 1): {"leads": 80.0}, date(2026, 11, 10): {"leads": 2.0}}
    assert found(LEADS, PeriodTarget(200, Period.QUARTER), days) == Progress(82, 184, "2026-12-31")


def test_nothing_came_yet() -> None:
    assert found(LEADS, MONTH, {}) == Progress(0, 0, "2026-11-30")


def test_the_first_day_of_a_period_has_no_pace() -> None:
    context = EvalContext(looked_up(), 0.0, {})
    first = day_of(date(2026, 11, 1))
    today = looked_up(leads=3)
    assert progress(LEADS, MONTH, context, lambda _: today, first) == Progress(3, None, "2026-11-30")


def test_a_share_is_that_of_all_days_together() -> None:
    """Not the mean of 1/1 and 1/9."""
    days = {date(2026, 11, 2): {"clicks": 1.0, "messages": 1.0}, date(2026, 11, 11): {"clicks": 1.0, "messages": 9.0}}
    assert found(RATE, PeriodTarget(0.1, Period.MONTH), days) == Progress(0.2, None, "2026-11-30")


def test_a_share_of_nothing_is_unknown() -> None:
    days = {date(2026, 11, 2): {"clicks": 0.0, "messages": 0.0}}
    assert found(RATE, PeriodTarget(0.1, Period.MONTH), days) == Progress(None, None, "2026-11-30")


@pytest.mark.parametrize(("moved", "today", "pace"), [(50.0, 10.0, 1090), (-50.0, -10.0, 910), (0.0, 10.0, 990)])
def test_a_level_goes_on_from_where_the_period_began(moved: float, today: float, pace: float) -> None:
    """It began at 1000 less what moved. What moved within ten days counts three times; today does not count yet."""
    days = {date(2026, 11, 5): {"moved": moved}, date(2026, 11, 11): {"moved": today}}
    assert found(MRR, MONTH, days, level=1000) == Progress(1000, pace, "2026-11-30")
