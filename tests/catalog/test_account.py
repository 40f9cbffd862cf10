"""What an account contributes: MRR and its movements, opportunities, invoices."""

import tracemalloc
from dataclasses import replace
from functools import partial
from itertools import permutations
from typing import Any

import pytest

from stream_app.catalog.account.history import history
from stream_app.catalog.entities import ACCOUNT
from stream_app.core.entity import Fold
from tests.catalog.folding import SETTINGS, added, at, contributed, happened, of
from tests.laws.memory import net

account: Any = partial(happened, account_id="key")


def subscribed(kind: str, time: str, amount: int, **more: Any) -> Any:  # noqa: ANN401 - JSON
    item = {"plan_id": "plan", "unit_amount_minor": amount, "interval": "month"}
    data = {"subscription_id": "u", "currency": "EUR", "items": [item]} | more
    return account(f"subscription.{kind}", time, **data)


def deal(kind: str, time: str, amount: int = 700, **more: Any) -> Any:  # noqa: ANN401 - JSON
    data = {"opportunity_id": "o", "kind": "new_business", "amount_minor": amount, "currency": "EUR"} | more
    return account(f"opportunity.{kind}", time, **data)


def pipeline(time: str, kind: str = "new_business") -> tuple[tuple[str, str, str], int]:
    """A change of the open pipeline at a time."""
    return ("open_pipeline", "EUR", kind), at(time)


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
    changes = {"01-10 10:00": 1000, "01-20 10:00": 500, "02-01 10:00": -300, "02-10 10:00": -1200, "03-01 10:00": 900}
    assert of("mrr", numbers) == {(("mrr", "EUR"), at(time)): change for time, change in changes.items()}
    cohort = ("cohort_mrr", "2026-01", "EUR")
    assert of("cohort_mrr", numbers) == {(cohort, at(time)): change for time, change in changes.items()}


def test_a_loss_has_the_reason_of_the_newest_cancellation_that_stands() -> None:
    numbers = contributed(
        ACCOUNT,
        [
            subscribed("started", "01-10 10:00", 1000, subscription_id="a"),
            subscribed("canceled", "01-20 10:00", 1000, subscription_id="a", reason="involuntary"),
            subscribed("started", "01-22 10:00", 2000, subscription_id="b"),
            subscribed("canceled", "01-24 10:00", 2000, subscription_id="b"),
            subscribed("started", "02-01 10:00", 2000, subscription_id="b"),
            # Only the cancellation of the first one stands.
            subscribed("paused", "02-10 10:00", 2000, subscription_id="b"),
        ],
    )
    assert of("lost_customers", numbers) == {
        (("lost_customers", "involuntary"), at("01-20 10:00")): 1,
        (("lost_customers", "voluntary"), at("01-24 10:00")): 1,
        (("lost_customers", "involuntary"), at("02-10 10:00")): 1,
    }


def test_memory_of_a_late_change_is_linear_in_the_subscriptions() -> None:
    def peak_bytes(subscriptions: int) -> int:
        started = [
            subscribed(
                "started", f"01-{1 + n % 28:02d} {n // 28 // 60:02d}:{n // 28 % 60:02d}", 100, subscription_id=f"s{n}"
            )
            for n in range(subscriptions)
        ]
        entity = Fold(SETTINGS).apply(ACCOUNT, None, "key", started)
        late = subscribed("changed", "01-01 12:00", 300, subscription_id="s0")
        tracemalloc.start()
        try:
            Fold(SETTINGS).apply(ACCOUNT, entity, "key", [late])
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    # The least of three, because other threads allocate meanwhile. A copy of all subscriptions for every change of one
    # would be sixteen times as much.
    few, many = (min(peak_bytes(subscriptions) for _ in range(3)) for subscriptions in (500, 2000))
    assert many < 6 * few


def test_a_lost_customer_had_mrr_and_has_none() -> None:
    numbers = contributed(ACCOUNT, [STARTED, CANCELED])
    assert of("lost_customers", numbers) == {(("lost_customers", "involuntary"), at("02-10 10:00")): 1}
    assert of("lost_opening_customers", numbers) == {(("lost_opening_customers",), at("02-10 10:00")): 1}
    assert of("customers", numbers) == {(("customers",), at("01-10 10:00")): 1, (("customers",), at("02-10 10:00")): -1}


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
        pipeline("01-05 10:00"): 500,
    }


def test_the_newest_outcome_of_an_opportunity_counts() -> None:
    assert contributed(ACCOUNT, [OFFERED, LOST, WON]) == {
        pipeline("01-05 10:00"): 500,
        pipeline("01-08 10:00"): -500,
        (("opportunities", "created", "new_business"), at("01-05 10:00")): 1,
        (("opportunities", "won", "new_business"), at("01-09 10:00")): 1,
        (("bookings", "EUR", "new_business", "web", "none", "c"), at("01-09 10:00")): 700,
        (("new_customers", "web", "c"), at("01-09 10:00")): 1,
    }


def test_a_reopened_opportunity_is_open_again_and_its_win_taken_back() -> None:
    assert contributed(ACCOUNT, [OFFERED, WON, deal("reopened", "02-01 10:00", 900)]) == {
        (("opportunities", "created", "new_business"), at("01-05 10:00")): 1,
        pipeline("01-05 10:00"): 500,
        pipeline("01-09 10:00"): -500,
        pipeline("02-01 10:00"): 900,
    }


def test_an_outcome_is_dated_at_its_first_event_after_the_last_reopening() -> None:
    again = [deal("won", f"02-0{day} 10:00") for day in (3, 4)]
    numbers = contributed(ACCOUNT, [WON, deal("reopened", "02-01 10:00"), LOST, *again])
    assert of("opportunities", numbers) == {
        (("opportunities", "created", "new_business"), at("01-08 10:00")): 1,
        (("opportunities", "won", "new_business"), at("02-03 10:00")): 1,
    }
    assert of("new_customers", numbers) == {(("new_customers", "none", "none"), at("02-03 10:00")): 1}


def test_the_pipeline_follows_the_states_of_an_opportunity() -> None:
    raised = deal("changed", "01-06 10:00", 900)
    other_kind = account(
        "opportunity.changed", "01-07 10:00", opportunity_id="o", kind="renewal", amount_minor=700, currency="EUR"
    )
    assert of("open_pipeline", contributed(ACCOUNT, [OFFERED, raised, other_kind])) == {
        pipeline("01-05 10:00"): 500,
        pipeline("01-06 10:00"): 400,
        pipeline("01-07 10:00"): -900,
        pipeline("01-07 10:00", "renewal"): 700,
    }


def test_a_deleted_opportunity_contributes_nothing_but_that_it_was_open() -> None:
    deleted = account("opportunity.deleted", "02-01 10:00", opportunity_id="o")
    assert contributed(ACCOUNT, [OFFERED, deleted]) == {pipeline("01-05 10:00"): 500, pipeline("02-01 10:00"): -500}
    assert contributed(ACCOUNT, [WON, deleted]) == {}


def test_a_deletion_that_is_not_the_newest_event_says_nothing() -> None:
    early = account("opportunity.deleted", "01-04 10:00", opportunity_id="o")
    assert contributed(ACCOUNT, [early, OFFERED, WON]) == contributed(ACCOUNT, [OFFERED, WON])


SOLD = {(("mrr_movement", "EUR", "new"), at("01-10 10:00")): 1000}


def swapped(ended: str, began: str, amount: int, **more: str) -> list[Any]:
    """The plan of 1,000 ends, and another one begins."""
    return [
        STARTED,
        subscribed("canceled", ended, 1000),
        subscribed("started", began, amount, subscription_id="v", **more),
    ]


@pytest.mark.parametrize(
    ("amount", "movements"),
    [
        (1000, {}),
        (1300, {(("mrr_movement", "EUR", "expansion"), at("02-10 11:00")): 300}),
        (800, {(("mrr_movement", "EUR", "contraction"), at("02-10 11:00")): 200}),
    ],
)
def test_a_swap_within_the_grace_is_the_difference(amount: int, movements: dict[Any, int]) -> None:
    numbers = contributed(ACCOUNT, swapped("02-10 10:00", "02-10 11:00", amount))
    assert of("mrr_movement", numbers) == SOLD | movements
    assert of("customer_change", numbers) == {(("customer_change",), at("01-10 10:00")): 1}
    assert not of("lost_customers", numbers)
    assert not of("lost_opening_customers", numbers)
    cohort = ("cohort_mrr", "2026-01", "EUR")
    changed = {(cohort, at("02-10 11:00")): amount - 1000} if movements else {}
    assert of("cohort_mrr", numbers) == {(cohort, at("01-10 10:00")): 1000} | changed


LOST_AND_BACK = {
    (("mrr_movement", "EUR", "churn"), at("02-10 10:00")): 1000,
    (("mrr_movement", "EUR", "reactivation"), at("02-10 11:01")): 1000,
}


def test_a_gap_longer_than_the_grace_is_a_loss_and_a_return() -> None:
    numbers = contributed(ACCOUNT, swapped("02-10 10:00", "02-10 11:01", 1000))
    assert of("mrr_movement", numbers) == SOLD | LOST_AND_BACK
    assert of("lost_customers", numbers) == {(("lost_customers", "voluntary"), at("02-10 10:00")): 1}
    assert of("lost_opening_customers", numbers) == {(("lost_opening_customers",), at("02-10 10:00")): 1}


def test_the_grace_is_a_setting_and_zero_turns_it_off() -> None:
    entity = Fold(SETTINGS).apply(ACCOUNT, None, "key", swapped("02-10 10:00", "02-10 11:01", 1000))
    longer, off = (replace(SETTINGS, swap_grace_ms=minutes * 60_000) for minutes in (61, 0))
    assert of("mrr_movement", net(ACCOUNT.all_facts(entity, longer))) == SOLD
    assert of("mrr_movement", net(ACCOUNT.all_facts(entity, off))) == SOLD | LOST_AND_BACK


def test_a_swap_to_another_currency_is_churn_of_one_and_new_of_the_other() -> None:
    numbers = contributed(ACCOUNT, swapped("02-10 10:00", "02-10 10:30", 900, currency="USD"))
    assert of("mrr_movement", numbers) == SOLD | {
        (("mrr_movement", "EUR", "churn"), at("02-10 10:30")): 1000,
        (("mrr_movement", "USD", "new"), at("02-10 10:30")): 900,
    }
    assert not of("lost_customers", numbers)


def test_what_changes_during_a_swap_does_not_end_it() -> None:
    trial = subscribed("started", "02-10 10:20", 1000, subscription_id="v", status="trialing")
    ended, began = swapped("02-10 10:00", "02-10 10:50", 1000)[1:]
    again = subscribed("canceled", "02-10 11:30", 1000, subscription_id="v")
    third = subscribed("started", "02-10 12:20", 1100, subscription_id="w")
    assert of("mrr_movement", contributed(ACCOUNT, [STARTED, ended, trial, began, again, third])) == SOLD | {
        (("mrr_movement", "EUR", "expansion"), at("02-10 12:20")): 100
    }


def test_a_swap_over_the_end_of_a_month_keeps_the_opening_customer() -> None:
    swap = swapped("01-31 23:50", "02-01 00:10", 1000)
    numbers = contributed(ACCOUNT, [*swap, subscribed("canceled", "02-20 10:00", 1000, subscription_id="v")])
    assert of("lost_opening_customers", numbers) == {(("lost_opening_customers",), at("02-20 10:00")): 1}


def test_no_mrr_before_the_first_is_no_swap() -> None:
    trial = subscribed("started", "01-10 09:30", 1000, status="trialing")
    numbers = contributed(ACCOUNT, [trial, STARTED])
    assert of("mrr_movement", numbers) == SOLD
    assert of("customer_change", numbers) == {(("customer_change",), at("01-10 10:00")): 1}


@pytest.mark.parametrize("order", list(permutations(swapped("02-10 10:00", "02-10 10:30", 1300))))
def test_a_swap_in_any_order_adds_up_to_the_same(order: tuple[Any, ...]) -> None:
    assert added(ACCOUNT, order) == contributed(ACCOUNT, swapped("02-10 10:00", "02-10 10:30", 1300))


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
        (at("01-05 10:00"), "opportunity o: created (new_business), 5.00 EUR"),
        (at("01-10 10:00"), "subscription u: active, 10.00 EUR a month"),
        (at("01-12 10:00"), "invoice i: paid"),
    ]
