"""What an account contributes: MRR and its movements, opportunities, invoices."""

from functools import partial
from itertools import permutations
from typing import Any

import pytest

from stream_app.catalog.account.history import history
from stream_app.catalog.entities import ACCOUNT
from stream_app.core.entity import Fold
from stream_app.core.facts import LEVEL
from tests.catalog.folding import SETTINGS, added, at, contributed, happened, of

account: Any = partial(happened, account_id="key")


def subscribed(kind: str, time: str, amount: int, **more: Any) -> Any:  # noqa: ANN401 - JSON
    item = {"plan_id": "plan", "unit_amount_minor": amount, "interval": "month"}
    data = {"subscription_id": "u", "currency": "EUR", "items": [item]} | more
    return account(f"subscription.{kind}", time, **data)


def deal(kind: str, time: str, amount: int = 700, **more: Any) -> Any:  # noqa: ANN401 - JSON
    data = {"opportunity_id": "o", "kind": "new_business", "amount_minor": amount, "currency": "EUR"} | more
    return account(f"opportunity.{kind}", time, **data)


def invoice(kind: str, time: str) -> Any:  # noqa: ANN401 - an event
    return account(f"invoice.{kind}", time, invoice_id="i", amount_minor=5, currency="EUR")


STARTED = subscribed("started", "01-10 10:00", 1000)
GREW = subscribed("changed", "01-20 10:00", 1500)
SHRANK = subscribed("changed", "02-01 10:00", 1200)
CANCELED = subscribed("canceled", "02-10 10:00", 1200, reason="involuntary")
BACK = subscribed("started", "03-01 10:00", 900)
OFFERED, WON = deal("created", "01-05 10:00", 500), deal("won", "01-09 10:00", source="web", campaign_id="c")
LOST = deal("lost", "01-08 10:00")
FAILED, PAID = invoice("payment_failed", "01-11 10:00"), invoice("paid", "01-12 10:00")

STORY = (OFFERED, LOST, WON, STARTED, FAILED, PAID, GREW, SHRANK, CANCELED, BACK)


def test_each_change_of_mrr_is_a_movement() -> None:
    numbers = contributed(ACCOUNT, [STARTED, GREW, SHRANK, CANCELED, BACK])
    assert of("mrr_movement", numbers) == {
        (("mrr_movement", "EUR", "new"), at("01-10 10:00")): 1000,
        (("mrr_movement", "EUR", "expansion"), at("01-20 10:00")): 500,
        (("mrr_movement", "EUR", "contraction"), at("02-01 10:00")): 300,
        (("mrr_movement", "EUR", "churn"), at("02-10 10:00")): 1200,
        (("mrr_movement", "EUR", "reactivation"), at("03-01 10:00")): 900,
    }
    assert of("mrr", numbers) == {(("mrr", "EUR"), LEVEL): 900}
    assert of("cohort_mrr", numbers) == {(("cohort_mrr", "2026-01", "EUR"), LEVEL): 900}


def test_a_lost_customer_had_mrr_and_has_none() -> None:
    numbers = contributed(ACCOUNT, [STARTED, CANCELED])
    assert of("lost_customers", numbers) == {(("lost_customers", "involuntary"), at("02-10 10:00")): 1}
    assert of("lost_opening_customers", numbers) == {(("lost_opening_customers",), at("02-10 10:00")): 1}
    assert not of("customers", numbers)


def test_a_customer_of_this_month_alone_is_no_opening_customer() -> None:
    numbers = contributed(ACCOUNT, [STARTED, subscribed("canceled", "01-30 10:00", 0)])
    assert of("lost_customers", numbers) == {(("lost_customers", "voluntary"), at("01-30 10:00")): 1}
    assert not of("lost_opening_customers", numbers)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("active", {"mrr": 1000}),
        ("past_due", {"mrr": 1000, "mrr_at_risk": 1000}),
        ("paused", {"mrr_paused": 1000}),
        ("trialing", {}),
        ("canceled", {}),
    ],
)
def test_the_status_decides_what_a_subscription_is_worth(status: str, expected: dict[str, int]) -> None:
    numbers = contributed(ACCOUNT, [subscribed("changed", "01-10 10:00", 1000, status=status)])
    found = {series[0]: amount for (series, _), amount in numbers.items() if series[0].startswith("mrr")}
    found.pop("mrr_movement", None)
    assert found == expected


def test_two_changes_at_one_instant_are_one_movement() -> None:
    swap = [
        subscribed("canceled", "01-20 10:00", 1000),
        subscribed("started", "01-20 10:00", 1300, subscription_id="v"),
    ]
    assert of("mrr_movement", contributed(ACCOUNT, [STARTED, *swap])) == {
        (("mrr_movement", "EUR", "new"), at("01-10 10:00")): 1000,
        (("mrr_movement", "EUR", "expansion"), at("01-20 10:00")): 300,
    }


def test_an_open_opportunity_is_in_the_pipeline() -> None:
    assert contributed(ACCOUNT, [OFFERED]) == {
        (("opportunities", "created", "new_business"), at("01-05 10:00")): 1,
        (("open_pipeline", "EUR", "new_business"), LEVEL): 500,
    }


def test_the_newest_outcome_of_an_opportunity_counts() -> None:
    assert contributed(ACCOUNT, [OFFERED, LOST, WON]) == {
        (("opportunities", "created", "new_business"), at("01-05 10:00")): 1,
        (("opportunities", "won", "new_business"), at("01-09 10:00")): 1,
        (("bookings", "EUR", "new_business", "web", "none", "c"), at("01-09 10:00")): 700,
        (("new_customers", "web", "c"), at("01-09 10:00")): 1,
    }


def test_an_account_becomes_a_customer_once_at_the_earliest_sign() -> None:
    won_first = contributed(ACCOUNT, [WON, STARTED])
    assert of("new_customers", won_first) == {(("new_customers", "web", "c"), at("01-09 10:00")): 1}
    paid_first = contributed(ACCOUNT, [deal("won", "01-11 10:00", source="web"), STARTED])
    assert of("new_customers", paid_first) == {(("new_customers", "none", "none"), at("01-10 10:00")): 1}


def test_an_invoice_counts_once_in_each_state() -> None:
    assert contributed(ACCOUNT, [FAILED, invoice("payment_failed", "01-13 10:00"), PAID]) == {
        (("invoices", "failed"), at("01-11 10:00")): 1,
        (("invoices", "paid"), at("01-12 10:00")): 1,
    }


@pytest.mark.parametrize("late", range(len(STORY)))
def test_a_late_event_restates_what_followed_from_its_absence(late: int) -> None:
    out_of_order = [*STORY[:late], *STORY[late + 1 :], STORY[late]]
    assert added(ACCOUNT, out_of_order) == contributed(ACCOUNT, STORY)


@pytest.mark.parametrize("order", list(permutations([STARTED, GREW, CANCELED, BACK])))
def test_states_in_any_order_add_up_to_the_same(order: tuple[Any, ...]) -> None:
    assert added(ACCOUNT, order) == contributed(ACCOUNT, [STARTED, GREW, CANCELED, BACK])


def test_only_invoices_are_forgotten() -> None:
    entity = Fold(SETTINGS).apply(ACCOUNT, None, "key", STORY)
    ACCOUNT.forget(entity, at("04-01 10:00"))
    assert not entity.invoices
    assert len(entity.subscriptions["u"]) == 5
    assert len(entity.opportunities["o"]) == 3
    assert ACCOUNT.too_late(entity, PAID[1], PAID[0], PAID[0] + 1)
    assert not ACCOUNT.too_late(entity, STARTED[1], STARTED[0], STARTED[0] + 1)


def test_the_history_tells_what_happened() -> None:
    entity = Fold(SETTINGS).apply(ACCOUNT, None, "key", [PAID, STARTED, OFFERED])
    assert [(each.row.at, each.what) for each in history(entity)] == [
        (at("01-05 10:00"), "opportunity o: created (new_business), 500 EUR"),
        (at("01-10 10:00"), "subscription u: active, 1000 EUR a month"),
        (at("01-12 10:00"), "invoice i: paid"),
    ]
