"""Values as people read them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_app.cli.kpis import lines_of
from stream_app.cli.text import aligned
from stream_app.core.money import CURRENCIES, amount_text
from stream_app.core.samples import Sample
from stream_app.render.text import duration_text, number_text, value_text
from stream_app.spec.metric import Unit


@pytest.mark.parametrize(
    ("value", "unit", "currency", "text"),
    [
        (2_123_456_789, Unit.COUNT, "", "2,123,456,789"),
        (3038.0, Unit.MONEY, "EUR", "3,038.00 EUR"),
        (50_000, Unit.MONEY, "JPY", "50,000 JPY"),
        (1.5, Unit.MONEY, "KWD", "1.500 KWD"),
        (0.0036, Unit.RATIO, "", "0.36 %"),
        (0.07, Unit.RATIO, "", "7 %"),
        (-0.425, Unit.RATIO, "", "-42.5 %"),
        (0.0000001234, Unit.RATIO, "", "0.0000123 %"),
        (1_209_600, Unit.SECONDS, "", "14 d"),
        (1_772_442_843.5, Unit.TIMESTAMP, "", "2026-03-02T09:14:03.500Z"),
        (7.25, Unit.MONTHS, "", "7.25 months"),
        (-12, Unit.POINTS, "", "-12 points"),
        (float("inf"), Unit.RATIO, "", "unlimited"),
        (float("nan"), Unit.MONEY, "EUR", "no number"),
    ],
)
def test_a_value_has_its_unit_and_no_exponent(value: float, unit: Unit, currency: str, text: str) -> None:
    assert value_text(value, unit, currency) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.25, "0.25 s"),
        (59, "59 s"),
        (61, "1 min 1 s"),
        (3_599.6, "1 h"),
        (11_700, "3 h 15 min"),
        (86_400 * 3 + 3_600 * 4 + 59, "3 d 4 h"),
        (86_400 * 1_200, "1,200 d"),
        (-90, "-1 min 30 s"),
    ],
)
def test_a_duration_is_in_the_two_units_that_fit(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@given(st.floats(min_value=-1e18, max_value=1e18))
def test_a_number_reads_back_without_an_exponent(value: float) -> None:
    text = number_text(value)
    assert re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3})*(\.[0-9]+)?", text)
    assert float(text.replace(",", "")) == pytest.approx(value, rel=0.006)


@given(st.integers(-(2**53), 2**53), st.sampled_from(CURRENCIES))
def test_an_amount_has_exactly_the_digits_of_its_minor_units(minor: int, currency: str) -> None:
    number, _, unit = amount_text(minor, currency).partition(" ")
    assert unit == currency
    assert int(re.sub("[,.]", "", number)) == minor


def test_each_series_stands_once_and_bounds_have_units() -> None:
    name = "lifecycle_step_dwell_seconds"
    labels = (("program", "p"), ("step", "s"), ("window", "30d"))
    samples = [
        Sample(f"{name}_bucket", (*labels, ("le", "3600.0")), 1),
        Sample(f"{name}_bucket", (*labels, ("le", "1.2096e+06")), 12_345),
        Sample(f"{name}_bucket", (*labels, ("le", "+Inf")), 12_345),
        Sample(f"{name}_gsum", labels, 5_400),
        Sample(f"{name}_bucket", (*labels[:2], ("window", "mtd"), ("le", "3600.0")), 7),
        Sample("lifecycle_customers", (), 1_029),
    ]
    assert list(lines_of(samples)) == [
        "lifecycle_step_dwell_seconds_bucket",
        "  program=p, step=s, window=30d, le=1 h        1",
        "  program=p, step=s, window=30d, le=14 d       12,345",
        "  program=p, step=s, window=30d, le=unlimited  12,345",
        "  program=p, step=s, window=mtd, le=1 h        7",
        "lifecycle_step_dwell_seconds_gsum",
        "  program=p, step=s, window=30d  1 h 30 min",
        "lifecycle_customers  1,029",
    ]


def test_a_table_cuts_nothing_and_takes_wide_characters_for_wide() -> None:
    long = "x" * 500
    assert list(aligned([("\u6771\u4eac", "a"), ("abcde", long)])) == ["\u6771\u4eac   a", f"abcde  {long}"]
