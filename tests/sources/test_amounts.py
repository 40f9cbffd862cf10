"""Amounts of money, by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_app.sources.amounts import currency_code, from_stripe, minor_units, number, whole


@pytest.mark.parametrize(
    ("value", "currency", "expected"),
    [
        ("12.50", "EUR", 1250),
        (" 12.5 ", "EUR", 1250),
        ("-12.50", "EUR", -1250),
        (12.5, "EUR", 1250),
        (12, "EUR", 1200),
        ("0.005", "EUR", 0),
        ("0.015", "EUR", 2),
        ("0.025", "EUR", 2),
        ("0.0250001", "EUR", 3),
        (0.29, "EUR", 29),
        ("1000", "JPY", 1000),
        ("1000.5", "JPY", 1000),
        ("1.2345", "KWD", 1234),
        ("1.2355", "KWD", 1236),
        ("12.50", "XXX", None),
        ("", "EUR", None),
        ("12,50", "EUR", None),
        ("1e5", "EUR", None),
        ("12.50 EUR", "EUR", None),
        ("\u0661\u0662", "EUR", None),
        (True, "EUR", None),
        (None, "EUR", None),
        ([12], "EUR", None),
        (float("nan"), "EUR", None),
        (float("inf"), "EUR", None),
        (1e300, "EUR", None),
        (10**400, "EUR", None),
        ("9" * 400, "EUR", None),
    ],
)
def test_an_amount_is_rounded_half_even_to_minor_units(value: object, currency: str, expected: int | None) -> None:
    assert minor_units(value, currency) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("12.0", 12), ("12.5", 12), ("13.5", 14), ("-0.5", 0), (7, 7), ("x", None), ("", None)]
)
def test_a_score_is_a_whole_number(value: object, expected: int | None) -> None:
    assert whole(value) == expected


@pytest.mark.parametrize(
    ("value", "currency", "expected"),
    [  # https://docs.stripe.com/currencies: 5 ISK and 5 UGX are written 500, 5 MGA 5, 5 JPY 5, 5 KWD 5000
        (500, "ISK", 5),
        (500, "UGX", 5),
        (5, "MGA", 500),
        (5, "JPY", 5),
        (5000, "KWD", 5000),
        (500, "USD", 500),
        (500, "HUF", 500),
        (500, "TWD", 500),
    ],
)
def test_nasty_44_minor_units_of_stripe_that_are_not_isos(value: int, currency: str, expected: int) -> None:
    assert from_stripe(value, currency) == expected


def test_parts_of_a_cent_are_exact() -> None:
    assert from_stripe("0.05", "USD") == number("0.05")
    assert from_stripe("150", "ISK") == number("1.5")
    assert from_stripe("many", "USD") is None


@pytest.mark.parametrize(
    ("value", "expected"), [("usd", "USD"), (" Eur ", "EUR"), ("btc", None), ("", None), (None, None), (840, None)]
)
def test_a_currency_is_one_of_iso(value: object, expected: str | None) -> None:
    assert currency_code(value) == expected


@given(st.one_of(st.integers(), st.floats(), st.text(), st.booleans(), st.none(), st.decimals().map(str)))
def test_any_value_is_an_amount_or_none(value: object) -> None:
    found = minor_units(value, "EUR")
    assert found is None or isinstance(found, int)
