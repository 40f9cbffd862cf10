"""What a subscription is worth per month."""

from typing import Any

import pytest
from msgspec import convert

from stream_app.catalog.events import Item
from stream_app.catalog.subscription import monthly_minor


def item(amount: int, **more: Any) -> Item:  # noqa: ANN401 - the fields of an item
    return convert({"plan_id": "plan", "unit_amount_minor": amount, "interval": "month"} | more, Item)


@pytest.mark.parametrize(
    ("priced", "expected"),
    [
        (item(1000), 1000),
        (item(1000, quantity=3), 3000),
        (item(1000, quantity=0), 0),
        (item(100, interval="day"), 3044),  # 30.4375 days
        (item(1000, interval="week"), 4348),  # 4.348125 weeks
        (item(1000, interval="quarter"), 333),
        (item(1200, interval="year"), 100),
        (item(1000, interval="month", interval_count=6), 167),
        (item(1000, usage="metered"), 0),
    ],
)
def test_a_price_is_normalized_to_a_month(priced: Item, expected: int) -> None:
    assert monthly_minor([priced], 0) == expected


@pytest.mark.parametrize(("percent", "expected"), [(0, 1000), (10, 900), (12.5, 875), (33.3, 667), (100, 0)])
def test_a_discount_is_the_decimal_that_was_written(percent: float, expected: int) -> None:
    assert monthly_minor([item(1000)], percent) == expected


def test_each_item_is_rounded_half_to_even() -> None:
    half = item(1, interval="month", interval_count=2)
    assert monthly_minor([half], 0) == 0
    assert monthly_minor([item(3, interval_count=2)], 0) == 2
    assert monthly_minor([item(3, interval_count=2), half], 0) == 2
