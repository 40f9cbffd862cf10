"""What Stripe posts makes the same numbers in every order: each story is folded in all of them."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import permutations
from typing import Any

import pytest

from stream_app.audit import Recount
from stream_app.catalog.entities import ACCOUNT
from stream_app.sources.identity import alias
from stream_app.sources.source import Context, Event, Item
from stream_app.sources.stripe import STRIPE, StripeSettings
from tests.cases.case import of
from tests.catalog.folding import added, contributed
from tests.laws.memory import decoded
from tests.sources.payload import KEY

AS_OF = datetime(2026, 3, 20, tzinfo=UTC)
AT = 1772442843
CONTEXT = Context(StripeSettings(), partial(alias, KEY))
SUBSCRIPTION = {
    "id": "sub_1",
    "object": "subscription",
    "currency": "usd",
    "customer": "cus_1",
    "items": {
        "data": [
            {
                "price": {
                    "id": "price_1",
                    "recurring": {"interval": "month", "interval_count": 1, "usage_type": "licensed"},
                    "unit_amount": 4900,
                },
                "quantity": 1,
            }
        ],
        "has_more": False,
    },
    "metadata": {},
}


def posted(kind: str, identifier: str, found: dict[str, Any], created: int = AT) -> dict[str, Any]:
    return {"id": identifier, "type": kind, "created": created, "livemode": True, "data": {"object": found}}


def subscription(kind: str, identifier: str, status: str, created: int = AT, **more: object) -> dict[str, Any]:
    return posted(f"customer.subscription.{kind}", identifier, SUBSCRIPTION | {"status": status} | more, created)


def events(bodies: Iterable[dict[str, Any]]) -> list[Event]:
    items = (Item(body["id"], json.dumps(body).encode(), 0) for body in bodies)
    return [outcome for item in items for outcome in STRIPE.events(item, CONTEXT) if isinstance(outcome, dict)]


def counted(found: Sequence[Event]) -> tuple[float, float]:
    """MRR in dollars and customers."""
    with Recount() as audit:
        audit.add(found)
        samples = audit.samples(AS_OF)
    keys = (of("mrr", currency="USD"), of("customers"))
    mrr, customers = (samples.get((name, frozenset(labels)), 0) for name, labels in keys)
    return mrr, customers


STORIES = {
    "nasty-01 incomplete, then active": (
        [subscription("created", "evt_B", "incomplete"), subscription("updated", "evt_A", "active")],
        (49.0, 1),
    ),
    "nasty-01 trialing, then active": (
        [subscription("created", "evt_B", "trialing"), subscription("updated", "evt_A", "active")],
        (49.0, 1),
    ),
    "nasty-01 two updates of one second": (
        [
            subscription("created", "evt_0", "trialing", AT - 60),
            subscription("updated", "evt_B", "trialing", metadata={"seen": "yes"}),
            subscription("updated", "evt_A", "active"),
        ],
        (49.0, 1),
    ),
    "nasty-01 active, then past due, then canceled": (
        [
            subscription("created", "evt_C", "active"),
            subscription("updated", "evt_B", "past_due"),
            subscription("deleted", "evt_A", "canceled"),
        ],
        (0.0, 0),
    ),
    "nasty-08 paused, then resumed": (
        [
            subscription("created", "evt_3", "active"),
            subscription("updated", "evt_2", "active", AT + 60, pause_collection={"behavior": "void"}),
            subscription("updated", "evt_1", "active", AT + 120),
        ],
        (49.0, 1),
    ),
    "nasty-08 paused": (
        [
            subscription("created", "evt_2", "active"),
            subscription("updated", "evt_1", "active", AT + 60, pause_collection={"behavior": "void"}),
        ],
        (0.0, 0),
    ),
    "never paid": (
        [subscription("created", "evt_2", "incomplete"), subscription("updated", "evt_1", "incomplete_expired")],
        (0.0, 0),
    ),
}


@pytest.mark.parametrize(("bodies", "expected"), STORIES.values(), ids=STORIES)
def test_each_order_makes_the_same_numbers(bodies: list[dict[str, Any]], expected: tuple[float, float]) -> None:
    for order in permutations(bodies):
        assert counted(events([*order, order[0]])) == expected


@pytest.mark.parametrize("name", [name for name, (bodies, _) in STORIES.items() if events(bodies)])
def test_each_order_is_folded_to_the_same(name: str) -> None:
    bodies, _ = STORIES[name]
    whole = contributed(ACCOUNT, map(decoded, events(bodies)))
    for order in permutations(bodies):
        assert added(ACCOUNT, map(decoded, events(order))) == whole


def test_nasty_07_a_customers_metadata_joins_its_deal_and_subscription() -> None:
    customer = {"id": "cus_1", "object": "customer", "metadata": {"account_id": "hs-company-9"}}
    deal = {"account_id": "hs-company-9", "opportunity_id": "o", "kind": "new_business", "currency": "USD"}
    won = {"id": "w", "source": "/hubspot/1", "type": "opportunity.won", "time": "2026-03-01T10:00:00Z"}
    apart = [won | {"data": deal | {"amount_minor": 58800}}, *events([subscription("created", "evt_1", "active")])]
    joined = [*apart, *events([posted("customer.updated", "evt_2", customer)])]

    def new_customers(found: list[Event]) -> float:
        with Recount() as audit:
            audit.add(found)
            samples = audit.samples(AS_OF)
        return sum(
            value
            for (name, labels), value in samples.items()
            if name == "lifecycle_new_customers" and ("window", "mtd") in labels
        )

    assert new_customers(apart) == 2
    assert new_customers(joined) == new_customers(joined[::-1]) == 1
