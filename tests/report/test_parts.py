"""The parts of a report by hand: days, intervals, medians, sentences."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_app.core.calendar import date_of, day_of
from stream_app.core.samples import Sample
from stream_app.report.document import Figure
from stream_app.report.margin import wilson
from stream_app.report.past import Past
from stream_app.report.period import NoPeriodError, Period, last_complete_month, period
from stream_app.report.quantity import Quantity, median, samples_of, total
from stream_app.report.review import Review
from stream_app.report.words import change, compared, small
from stream_app.spec.metric import Unit

TODAY = day_of(date(2026, 3, 31))


def days_of(found: Period) -> tuple[date, date]:
    return date_of(found.first), date_of(found.last)


def test_a_month_that_is_over_is_whole_and_so_are_those_before() -> None:
    found = period("2026-02", TODAY)
    assert days_of(found) == (date(2026, 2, 1), date(2026, 2, 28))
    assert (found.is_running, found.text) == (False, "February 2026")
    assert days_of(found.earlier(1)) == (date(2026, 1, 1), date(2026, 1, 31))
    assert days_of(found.earlier(12)) == (date(2025, 2, 1), date(2025, 2, 28))


def test_a_running_month_ends_yesterday_and_so_do_those_before() -> None:
    found = period("2026-03", day_of(date(2026, 3, 13)))
    assert (found.is_running, found.text) == (True, "1 to 12 March 2026")
    assert days_of(found.earlier(1)) == (date(2026, 2, 1), date(2026, 2, 12))
    assert found.earlier(12).text == "1 to 12 March 2025"


def test_an_earlier_month_that_is_shorter_is_compared_whole() -> None:
    found = period("2026-03", TODAY)
    assert days_of(found) == (date(2026, 3, 1), date(2026, 3, 30))
    assert found.earlier(1).text == "February 2026"


def test_the_last_day_of_a_month_is_over_on_the_next() -> None:
    assert not period("2026-03", day_of(date(2026, 4, 1))).is_running
    assert last_complete_month(day_of(date(2026, 4, 1))) == "2026-03"
    assert last_complete_month(TODAY) == "2026-02"


@pytest.mark.parametrize(
    ("month", "today", "said"),
    [
        ("2026-13", TODAY, "no such month"),
        ("March", TODAY, "no such month"),
        ("2026-04", TODAY, "2026-04 has not begun"),
        ("2026-03", day_of(date(2026, 3, 1)), "no day of 2026-03 is over yet"),
    ],
)
def test_what_is_no_month_to_report_on_is_said(month: str, today: int, said: str) -> None:
    with pytest.raises(NoPeriodError, match=said):
        period(month, today)


def test_the_interval_of_nine_of_ten() -> None:
    # (0.9 + 3.8415 / 20 +- 1.96 sqrt(0.009 + 3.8415 / 400)) / (1 + 0.38415) = (1.09207 +- 0.26734) / 1.38415
    low, high = wilson(9, 10)
    assert (round(low, 3), round(high, 3)) == (0.596, 0.982)
    assert wilson(0, 69)[0] == 0
    assert wilson(69, 69)[1] == 1


@given(st.integers(1, 10_000).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole))))
def test_an_interval_holds_its_share_and_lies_between_none_and_all(counts: tuple[int, int]) -> None:
    part, whole = counts
    low, high = wilson(part, whole)
    assert 0 <= low <= part / whole + 1e-12
    assert part / whole - 1e-12 <= high <= 1
    mirrored = wilson(whole - part, whole)
    assert (round(1 - mirrored[1], 9), round(1 - mirrored[0], 9)) == (round(low, 9), round(high, 9))


def past(*samples: tuple[str, dict[str, str], float]) -> Past:
    """Return samples that are named without prefix; those called `rate` cannot be added up."""
    made = [Sample(f"lifecycle_{name}", tuple(labels.items()), value) for name, labels, value in samples]
    return Past(made, frozenset({"lifecycle_rate"}))


def test_a_median_lies_evenly_in_its_bucket() -> None:
    counts = {"10.0": 5.0, "20.0": 15.0, "+Inf": 20.0}
    found = past(*(("seconds_bucket", {"le": bound}, count) for bound, count in counts.items()))
    # The tenth of twenty is the fifth of ten between 10 and 20.
    assert found.value(median("seconds")) == 15
    beyond = past(*(("seconds_bucket", {"le": bound}, count) for bound, count in (("10.0", 1.0), ("+Inf", 20.0))))
    assert beyond.value(median("seconds")) == 10
    assert past().value(median("seconds")) is None


def test_nineteen_cases_have_no_median() -> None:
    found = past(
        ("seconds_bucket", {"le": "10.0"}, 19), ("seconds_bucket", {"le": "+Inf"}, 19), ("seconds_gcount", {}, 19)
    )
    assert found.value(median("seconds")) is None
    assert found.cases(median("seconds")) == 19


def test_counts_are_added_up_and_ratios_are_not() -> None:
    found = past(
        ("new", {"source": "a"}, 2), ("new", {"source": "b"}, 3), ("rate", {"x": "a"}, 0.5), ("rate", {"x": "b"}, 0.1)
    )
    assert found.value(total("new")) == 5
    assert found.value(total("new", source="b")) == 3
    assert found.value(total("new", source=("a", "b"))) == 5
    assert found.value(total("new", source="c")) == 0
    assert found.value(total("rate", x="a")) == 0.5
    assert found.value(total("rate")) is None
    assert found.value(Quantity(samples_of("new", source="a"), per=samples_of("new"))) == 0.4
    assert found.value(Quantity(samples_of("new"), per=samples_of("none"))) is None


def test_names_leave_out_what_has_none() -> None:
    found = past(*(("new", {"source": each}, 1) for each in ("b", "none", "a", "other")), ("new", {"source": "c"}, 0))
    assert found.names(samples_of("new"), "source") == ["a", "b"]


@pytest.mark.parametrize(
    ("now", "before", "unit", "said"),
    [
        (110, 100, Unit.COUNT, "up 10 (10 %) from"),
        (100, 110, Unit.COUNT, "down 10 (9 %) from"),
        (10, 1, Unit.COUNT, "up 9 from"),
        (5, 0, Unit.COUNT, "up 5 from"),
        (5, 5, Unit.COUNT, "as before:"),
        (300, 200, Unit.MONEY, "up 50 % from"),
        (1001, 1000, Unit.SECONDS, "nearly as before:"),
        (9, 3, Unit.MONEY, "up from"),
        (0.25, 0.2, Unit.RATIO, "up 5 points from"),
        (-10, 20, Unit.POINTS, "down 30 points from"),
        (0.20001, 0.2, Unit.RATIO, "as before:"),
    ],
)
def test_a_change_is_said_in_words(now: float, before: float, unit: Unit, said: str) -> None:
    assert change(now, before, unit) == said


def test_a_comparison_names_the_days() -> None:
    figure = Figure("MQLs", total("stage_entries"), Unit.COUNT, 110, before=100)
    said = "up 10 (10 %) from 100 in October 2026; nothing to compare with over 1 to 3 May 2025"
    assert compared(figure, "October 2026", "1 to 3 May 2025") == said


def test_few_cases_are_called_a_small_number() -> None:
    found = [Figure("Rate", total("rate"), Unit.RATIO, 0.5, cases=cases) for cases in (1, 19, 20)]
    assert small(found) == ["Rate is of 1 case only: a small number.", "Rate is of 19 cases only: a small number."]


def test_of_many_the_first_ten_are_shown_and_the_last_is_named() -> None:
    figures = {
        f"p{number:02}": Figure(f"Rate of p{number:02}", total("rate"), Unit.RATIO, number / 100, cases=20)
        for number in range(1, 13)
    }
    figures["few"] = Figure("Rate of few", total("rate"), Unit.RATIO, 1.0, cases=19)
    review = Review(past(), None, None, [], "May 2026", "June 2025", 0, {})
    ranking = review.ranking(figures)
    highest, lowest = ranking.sentences(review, "rate", "program", "leads")
    assert highest.startswith("Highest rate: p12 with 12.0 % (of 20); ")
    assert lowest.startswith("Lowest of 12: p01 with 1.0 % (of 20); ")
    assert [each.title for each in ranking.shown] == [f"Rate of p{number:02}" for number in range(12, 2, -1)]
    chart = ranking.chart("Rates")
    assert chart is not None
    assert (len(chart.ticks), chart.ticks[0]) == (10, "p12")
    assert ranking.caution("program", "leads") == [
        "Chart and table have the first 10 of 12.",
        "Not ranked, with fewer than 20 leads: 1 of 13 programs.",
    ]
