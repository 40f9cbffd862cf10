"""Minor units as base units."""

import pytest

from stream_app.core.money import CURRENCIES, base_units


@pytest.mark.parametrize(
    ("currency", "expected"), [("USD", 12.34), ("EUR", 12.34), ("JPY", 1234.0), ("KWD", 1.234), ("CLF", 0.1234)]
)
def test_minor_units_become_base_units(currency: str, expected: float) -> None:
    assert base_units(1234, currency) == expected


def test_currencies_are_codes_of_three_letters_each_once() -> None:
    assert len(set(CURRENCIES)) == len(CURRENCIES)
    assert all(len(code) == 3 and code.isalpha() and code.isupper() for code in CURRENCIES)


def test_large_amounts_are_divided_once() -> None:
    assert base_units(9_007_199_254_740_991, "USD") == 90_071_992_547_409.91
