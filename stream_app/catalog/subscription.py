"""What a subscription is worth per month."""

from fractions import Fraction

from stream_app.catalog.events import Item

_MONTHS = {
    "day": Fraction("30.4375"),
    "week": Fraction("4.348125"),
    "month": Fraction(1),
    "quarter": Fraction(1, 3),
    "year": Fraction(1, 12),
}


def monthly_minor(items: list[Item], discount_percent: float) -> int:
    """Monthly amount in minor units: each licensed item normalised to a month, discounted, and rounded half-even."""
    # A JSON number such as 12.5 or 33.3 means the decimal that was written, not the binary float beside it.
    kept = 1 - Fraction(str(discount_percent)) / 100
    return sum(_item_minor(item, kept) for item in items)


def _item_minor(item: Item, kept: Fraction) -> int:
    if item.usage == "metered":
        return 0
    quantity = 1 if item.quantity is None else item.quantity
    return round(item.unit_amount_minor * quantity * _MONTHS[item.interval] / (item.interval_count or 1) * kept)
