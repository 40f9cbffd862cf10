"""Money that SQL cannot count exactly: the monthly amount of an item, and minor units as base units of a currency."""

from fractions import Fraction
from functools import lru_cache

_MINOR_UNITS = {
    currency: units
    for units, currencies in {
        1: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
        1_000: "BHD IQD JOD KWD LYD OMR TND",
        10_000: "CLF UYW",
    }.items()
    for currency in currencies.split()
}
_USUAL_MINOR_UNITS = 100

_MONTHS = {
    "day": Fraction("30.4375"),
    "week": Fraction("4.348125"),
    "month": Fraction(1),
    "quarter": Fraction(1, 3),
    "year": Fraction(1, 12),
}


def minor_units(currency: str) -> int:
    """Return how many minor units make one base unit (a euro, a yen, a dinar) of an ISO 4217 currency."""
    return _MINOR_UNITS.get(currency, _USUAL_MINOR_UNITS)


def base_units(minor: int, currency: str) -> float:
    """Return in base units an amount in minor units of an ISO 4217 currency."""
    return minor / minor_units(currency)


@lru_cache(maxsize=65_536)
def monthly_minor(quantity: str, unit_amount: str, interval: str, interval_count: str, discount: str) -> int:
    """Return the minor units a month of one subscription item, rounded half-even once, at the end.

    The numbers come as they are written in JSON, so that a discount of 33.3 is exactly that and not its nearest binary
    fraction; `discount` is in percent. KeyError for an interval that is none of the five.
    """
    share = 1 - Fraction(discount) / 100
    return round(Fraction(quantity) * Fraction(unit_amount) * _MONTHS[interval] / Fraction(interval_count) * share)
