"""What a subscription is worth per month."""

from fractions import Fraction
from functools import lru_cache

from stream_app.catalog.events import Item

_MONTHS = {
    "day": Fraction("30.4375"),
    "week": Fraction("4.348125"),
    "month": Fraction(1),
    "quarter": Fraction(1, 3),
    "year": Fraction(1, 12),
}


def monthly_minor(items: list[Item], discount_percent: float) -> int:
    """Monthly amount in minor units: each licensed item normalized to a month, discounted, and rounded half-even."""
    return sum(_item_minor(item, discount_percent) for item in items if item.usage != "metered")


def _item_minor(item: Item, discount_percent: float) -> int:
    quantity = 1 if item.quantity is None else item.quantity
    return round(item.unit_amount_minor * quantity * _per_month(item.interval, item.interval_count, discount_percent))


@lru_cache(maxsize=1024)
def _per_month(interval: str, interval_count: int | None, discount_percent: float) -> Fraction:
    """What is left of a price per interval when it is a discounted price per month."""
    # A JSON number such as 12.5 or 33.3 means the decimal that was written, not the binary float beside it.
    kept = 1 - Fraction(str(discount_percent)) / 100
    return _MONTHS[interval] / (interval_count or 1) * kept
