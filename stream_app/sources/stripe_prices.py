"""What a subscription of Stripe costs: prices, quantities and tiers as items, discounts as one percentage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from stream_app.sources.amounts import LARGEST_AMOUNT, currency_code, from_stripe, number
from stream_app.sources.identity import event_id
from stream_app.sources.paths import at, child, children, integer, text
from stream_app.sources.source import Incomplete, Parked
from stream_app.sources.unmapped import UnmappedError

INTERVALS = frozenset({"day", "week", "month", "year"})
_LARGEST_QUANTITY = 10**9
_LARGEST_INTERVAL_COUNT = 1000
_PERCENT_DIGITS = 6

_DISCOUNT = "discount_percent_forever"


@dataclass(frozen=True, slots=True)
class Line:
    """One price of a subscription; `unit` is in minor units and not rounded."""

    plan_id: str
    unit: Fraction
    quantity: int
    interval: str
    interval_count: int = 1
    is_metered: bool = False

    @property
    def amount(self) -> Fraction:
        """What it costs in each interval, usage apart."""
        return Fraction(0) if self.is_metered else self.unit * self.quantity


def currency_of(subscription: Mapping[str, Any]) -> str:
    """The currency of a subscription, which before 2022 only its prices had."""
    first = next(iter(children(subscription, "items", "data")), None)
    stated = (
        text(subscription, "currency") or text(first, "price", "currency") or text(first, "plan", "currency")
    ) or text(subscription, "plan", "currency")
    currency = currency_code(stated)
    if currency is None:
        raise UnmappedError(Parked("currency", "data.object.currency"))
    return currency


def lines(subscription: Mapping[str, Any], currency: str, prices: Mapping[str, int]) -> list[Line]:
    """The prices of a subscription; `prices` has the amounts in minor units of those that payloads do not state."""
    if at(subscription, "items", "has_more") is True:
        raise UnmappedError(Parked("many_items", "data.object.items.has_more"))
    found = children(subscription, "items", "data") or _of_one_plan(subscription)
    if not found:
        raise UnmappedError(Parked("items", "data.object.items.data"))
    return [_line(each, currency, prices) for each in found]


def _of_one_plan(subscription: Mapping[str, Any]) -> list[Any]:
    plan = child(subscription, "plan")
    return [{"plan": plan, "quantity": at(subscription, "quantity")}] if plan else []


def _line(item: object, currency: str, prices: Mapping[str, int]) -> Line:
    price, plan = child(item, "price"), child(item, "plan")
    identifier = text(price, "id") or text(item, "price") or text(plan, "id") or text(item, "plan")
    if not identifier:
        raise UnmappedError(Parked("price", "data.object.items.data.price.id"))
    recurring = child(price, "recurring") or (plan if text(plan, "interval") else price)
    interval = text(recurring, "interval")
    interval_count = at(recurring, "interval_count")
    count = 1 if interval_count is None else integer(interval_count) or 0
    if interval not in INTERVALS or not 1 <= count <= _LARGEST_INTERVAL_COUNT:
        raise UnmappedError(Parked("interval", "data.object.items.data.price.recurring.interval"))
    is_metered = text(recurring, "usage_type") == "metered"
    quantity = _quantity(item, price, plan)
    unit = _unit(price, plan, currency)
    if unit is None and identifier in prices:
        unit = Fraction(prices[identifier])
    if unit is None and is_metered:
        unit = Fraction(0)
    if unit is None:
        unit, quantity = _tiered(price, plan, quantity, currency), 1
    if unit is None:
        raise UnmappedError(Parked("price_amount", "data.object.items.data.price.unit_amount"))
    if unit < 0 or unit * quantity > LARGEST_AMOUNT:
        raise UnmappedError(Parked("amount", "data.object.items.data.price.unit_amount"))
    return Line(event_id(identifier), unit, quantity, interval, count, is_metered)


def _quantity(item: object, price: dict[str, Any], plan: dict[str, Any]) -> int:
    stated = at(item, "quantity")
    quantity = 1 if stated is None else integer(stated)
    if quantity is None or not 0 <= quantity <= _LARGEST_QUANTITY:
        raise UnmappedError(Parked("quantity", "data.object.items.data.quantity"))
    packages = child(price, "transform_quantity") or child(plan, "transform_usage")
    if not packages:
        return quantity
    divisor, rounding = integer(packages, "divide_by"), text(packages, "round")
    if divisor is None or divisor < 1 or rounding not in {"up", "down"}:
        raise UnmappedError(Parked("quantity", "data.object.items.data.price.transform_quantity"))
    return -(-quantity // divisor) if rounding == "up" else quantity // divisor


def _unit(price: dict[str, Any], plan: dict[str, Any], currency: str) -> Fraction | None:
    """The price of one unit where it has one: `amount` in `price` is how some old payloads say it."""
    if "tiered" in {text(price, "billing_scheme"), text(plan, "billing_scheme")}:
        return None
    stated = (
        at(price, "unit_amount"),
        at(price, "unit_amount_decimal"),
        at(plan, "amount"),
        at(plan, "amount_decimal"),
        at(price, "amount"),
    )
    return next((unit for each in stated if (unit := from_stripe(each, currency)) is not None), None)


def _tiered(price: dict[str, Any], plan: dict[str, Any], quantity: int, currency: str) -> Fraction | None:
    """What all units cost together by the tiers, which are only there if they were expanded."""
    holder = price if children(price, "tiers") else plan
    mode = text(holder, "tiers_mode")
    if quantity == 0 or mode not in {"graduated", "volume"}:
        return None
    total, below = Fraction(0), 0
    for tier in children(holder, "tiers"):
        unbounded = at(tier, "up_to") in (None, "inf")
        up_to = quantity if unbounded else integer(tier, "up_to")
        unit, flat = _tier_amount(tier, "unit_amount", currency), _tier_amount(tier, "flat_amount", currency)
        if up_to is None or unit is None or flat is None:
            return None
        is_last = quantity <= up_to
        if mode == "volume" and is_last:
            return unit * quantity + flat
        total += unit * (min(quantity, up_to) - below) + flat
        if is_last:
            return total
        below = up_to
    return None


def _tier_amount(tier: object, name: str, currency: str) -> Fraction | None:
    """An amount of a tier, 0 where it has none."""
    stated = at(tier, name) if at(tier, name) is not None else at(tier, f"{name}_decimal")
    return Fraction(0) if stated is None else from_stripe(stated, currency)


def items(found: Sequence[Line]) -> list[dict[str, Any]]:
    """The items of the contract: a price with parts of a minor unit is one item of all its units, rounded half-even."""
    if sum(each.unit * each.quantity for each in found) > LARGEST_AMOUNT - len(found):
        raise UnmappedError(Parked("amount", "data.object.items.data"))
    return [_item(each) for each in found]


def _item(line: Line) -> dict[str, Any]:
    is_whole = line.unit.denominator == 1
    return {
        "plan_id": line.plan_id,
        "unit_amount_minor": round(line.unit if is_whole else line.unit * line.quantity),
        "quantity": line.quantity if is_whole else 1,
        "interval": line.interval,
        "interval_count": line.interval_count,
        "usage": "metered" if line.is_metered else "licensed",
    }


@dataclass(frozen=True, slots=True)
class Discount:
    """The percentage that is taken off for good, and what could not be read of it."""

    percent: float
    incomplete: tuple[Incomplete, ...] = ()


def discount(subscription: Mapping[str, Any], found: Sequence[Line], currency: str, *, ignore: bool) -> Discount:
    """The discounts of a subscription as one percentage of what is licensed.

    Coupons that end are none. An amount is taken off after the percentages that stand before it, as Stripe does. With
    `ignore` a discount that the payload only names is none, else the subscription is parked.
    """
    known, is_complete = _coupons(subscription)
    forever = [each for each in known if text(each, "duration") == "forever"]
    reason = "" if is_complete else "discount"
    if any(children(each, "applies_to", "products") for each in forever) or _has_item_discounts(subscription):
        reason = "item_discount"
    if reason and not ignore:
        raise UnmappedError(Parked(reason, "data.object.discounts"))
    if reason:
        return Discount(0.0, (Incomplete(_DISCOUNT),))
    return Discount(_percent(forever, found, currency))


def _coupons(holder: object) -> tuple[list[dict[str, Any]], bool]:
    """The coupons of the discounts of a subscription or an item, and whether these are all of them."""
    single = at(holder, "discount")
    named = [*([single] if single else []), *children(holder, "discounts")]
    expanded = [each for each in named if isinstance(each, dict)]
    ids = {text(each, "id") for each in expanded}
    by_id = {text(each, "id"): each for each in expanded}
    distinct = [each for index, each in enumerate(expanded) if not text(each, "id") or by_id[text(each, "id")] is each]
    coupons = [child(each, "coupon") or child(each, "source", "coupon") for each in distinct]
    is_complete = all(isinstance(each, dict) or (isinstance(each, str) and each in ids) for each in named) and all(
        text(coupon, "duration") in {"forever", "once", "repeating"} for coupon in coupons
    )
    return coupons, is_complete


def _has_item_discounts(subscription: Mapping[str, Any]) -> bool:
    return any(
        not is_complete or any(text(coupon, "duration") == "forever" for coupon in coupons)
        for coupons, is_complete in map(_coupons, children(subscription, "items", "data"))
    )


def _percent(coupons: Sequence[dict[str, Any]], found: Sequence[Line], currency: str) -> float:
    remaining = Fraction(1)
    for each in coupons:
        remaining = max(Fraction(0), _after(each, remaining, found, currency))
    return round(float((1 - remaining) * 100), _PERCENT_DIGITS)


def _after(coupon: dict[str, Any], remaining: Fraction, found: Sequence[Line], currency: str) -> Fraction:
    """What a coupon leaves of the price, as a part of 1."""
    percent = number(at(coupon, "percent_off"))
    if percent is not None and 0 <= percent <= 100:  # noqa: PLR2004 - all of it
        return remaining * (1 - percent / 100)
    amount = from_stripe(at(coupon, "amount_off"), currency)
    licensed = [each for each in found if not each.is_metered]
    gross = sum((each.amount for each in licensed), Fraction(0))
    if amount is None or amount < 0 or currency_code(text(coupon, "currency")) != currency:
        raise UnmappedError(Parked("discount", "data.object.discounts.coupon.amount_off"))
    if len({(each.interval, each.interval_count) for each in licensed}) > 1:
        raise UnmappedError(Parked("discount", "data.object.items.data.price.recurring.interval"))
    return remaining - amount / gross if gross else remaining
