"""Amounts of money as sources write them, in minor units of ISO 4217."""

import math
import re
from fractions import Fraction
from typing import Final

from stream_app.core.money import CURRENCIES, decimals

LARGEST_AMOUNT = 10**14
"""The largest of the contract, in minor units."""

_LARGEST = 10**20
"""Beyond every amount of the contract, and still cheap to compute with."""

_DECIMAL = re.compile(r"[+-]?[0-9]{1,20}(?:\.[0-9]{1,30})?")
_CURRENCIES = frozenset(CURRENCIES)

STRIPE_FACTORS: Final = {"ISK": Fraction(1, 100), "UGX": Fraction(1, 100), "MGA": Fraction(100)}
"""What an amount of Stripe is multiplied by where its minor unit is not that of ISO 4217.

Crowns and shillings have two decimals there that are always 0, ariary have none: https://docs.stripe.com/currencies.
"""


def number(value: object) -> Fraction | None:
    """A number or a decimal text such as `12.50` exactly; None if it is none, or beyond all amounts."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Fraction(value) if abs(value) < _LARGEST else None
    if isinstance(value, float):
        return Fraction(repr(value)) if math.isfinite(value) and abs(value) < _LARGEST else None
    return Fraction(value.strip()) if isinstance(value, str) and _DECIMAL.fullmatch(value.strip()) else None


def whole(value: object) -> int | None:
    """A number or a decimal text as an integer, halves to the even one: a score of `12.0` is 12."""
    found = number(value)
    return None if found is None else round(found)


def minor_units(value: object, currency: str) -> int | None:
    """An amount in the currency's base unit such as `12.50` in minor units, halves to the even one."""
    found = number(value)
    return None if found is None or currency not in _CURRENCIES else round(found * 10 ** decimals(currency))


def currency_code(value: object) -> str | None:
    """A currency of ISO 4217 in its three capital letters; None if it is none."""
    code = value.strip().upper() if isinstance(value, str) else ""
    return code if code in _CURRENCIES else None


def from_stripe(value: object, currency: str) -> Fraction | None:
    """An amount of Stripe in minor units of ISO 4217, not rounded: prices may have parts of a cent."""
    found = number(value)
    return None if found is None else found * STRIPE_FACTORS.get(currency, 1)
