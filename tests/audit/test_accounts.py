"""Opportunities, MRR, customers, invoices."""

import pytest

from tests.audit.stories import Event, counted, happened, number, spread

NOON = "2026-03-12T12:00:00Z"


def item(unit: int, **data: object) -> dict[str, object]:
    return {"plan_id": "plan", "unit_amount_minor": unit, "interval": "month", **data}


def bill(kind: str, time: str, *items: dict[str, object], **data: object) -> Event:
    given = {"account_id": "acme", "subscription_id": "s1", "currency": "EUR", "items": list(items), **data}
    return happened(f"subscription.{kind}", time, **given)


def deal(event: str, time: str, **data: object) -> Event:
    given = {
        "account_id": "acme",
        "opportunity_id": "o",
        "kind": "new_business",
        "amount_minor": 100000,
        "currency": "EUR",
        **data,
    }
    return happened(f"opportunity.{event}", time, **given)


def test_an_opportunity_has_its_newest_state_and_first_event_of_outcome() -> None:
    samples = counted(
        [
            deal("created", "2026-02-10T08:00:00Z", source="web"),
            deal("lost", "2026-02-20T08:00:00Z"),
            deal("won", "2026-03-02T08:00:00Z"),
            deal("won", "2026-03-05T08:00:00Z", amount_minor=120000),
            deal("changed", "2026-03-06T08:00:00Z", amount_minor=150000, kind="upsell", campaign_id="c"),
        ],
        NOON,
    )
    # The outcome is won, first on March 2nd; 1500.00 by the newest event; the 30 days begin on February 11th.
    labels = {"currency": "EUR", "kind": "upsell", "source": "none", "channel": "none", "campaign": "c"}
    assert number(samples, "bookings", **labels, window="mtd") == 1500.0
    assert number(samples, "opportunities", state="won", kind="upsell", window="mtd") == 1
    assert number(samples, "opportunities", state="created", kind="upsell", window="prev_month") == 1
    assert number(samples, "opportunities", state="created", kind="upsell", window="prev_month_to_date") == 1
    assert number(samples, "opportunities", state="created", kind="upsell", window="30d") == 0
    assert not [key for key in spread(samples, "opportunities") if "lost" in key]
    assert spread(samples, "open_pipeline") == {}


def test_open_pipeline_is_what_is_neither_won_nor_lost() -> None:
    samples = counted(
        [
            deal("created", "2026-03-10T08:00:00Z", opportunity_id="a", amount_minor=1000),
            deal("changed", "2026-03-11T08:00:00Z", opportunity_id="a", amount_minor=2500),
            deal("created", "2026-03-10T08:00:00Z", opportunity_id="b", amount_minor=700, currency="JPY"),
            deal("lost", "2026-03-10T08:00:00Z", opportunity_id="c"),
        ],
        NOON,
    )
    assert spread(samples, "open_pipeline") == {("EUR", "new_business"): 25.0, ("JPY", "new_business"): 700.0}


def test_open_pipeline_of_a_past_day_is_what_was_said_by_then() -> None:
    said = [
        deal("created", "2026-03-02T08:00:00Z", amount_minor=1000),
        deal("changed", "2026-03-03T08:00:00Z", amount_minor=2500),
        deal("won", "2026-03-04T08:00:00Z", amount_minor=2500),
        deal("reopened", "2026-03-05T08:00:00Z", amount_minor=3000),
        deal("lost", "2026-03-06T08:00:00Z", amount_minor=3000),
        happened("opportunity.deleted", "2026-03-07T08:00:00Z", account_id="acme", opportunity_id="o"),
        deal("created", "2026-03-08T08:00:00Z", opportunity_id="other", amount_minor=700),
    ]
    expected = {1: 0, 2: 10.0, 3: 25.0, 4: 0, 5: 30.0, 6: 0, 7: 0, 8: 7.0}
    found = {day: counted(said, f"2026-03-0{day}T07:00:00Z") for day in expected}
    read = {day: number(each, "open_pipeline", currency="EUR", kind="new_business") for day, each in found.items()}
    assert read == expected


@pytest.mark.parametrize(
    ("items", "discount", "minor"),
    [
        ([item(1000, quantity=3)], 0, 3000),
        ([item(1000, interval="day")], 0, 30438),  # 30437.5, half to even
        ([item(3000, interval="day", interval_count=3)], 0, 30438),  # the same amount: 30437.5
        ([item(1000, interval="week")], 0, 4348),  # 4348.125
        ([item(1000, interval="quarter")], 0, 333),  # 333.33
        ([item(1000, interval="year")], 0, 83),  # 83.33
        ([item(30, interval="year")], 0, 2),  # 2.5 is half to even
        ([item(42, interval="year")], 0, 4),  # 3.5 too
        ([item(30, interval="year"), item(30, interval="year")], 0, 4),  # each item by itself: 2 + 2, not 5
        ([item(5, quantity=1)], 50, 2),  # 2.5
        ([item(1000)], 33.3, 667),
        ([item(1000), item(999, usage="metered")], 0, 1000),
        ([item(1000)], 100, 0),
    ],
)
def test_monthly_amounts(items: list[dict[str, object]], discount: float, minor: int) -> None:
    samples = counted([bill("started", "2026-03-10T08:00:00Z", *items, discount_percent_forever=discount)], NOON)
    assert number(samples, "mrr", currency="EUR") == minor / 100


def test_movements_of_an_account_add_up_to_its_level() -> None:
    samples = counted(
        [
            bill("started", "2026-01-05T08:00:00Z", item(1000), status="trialing"),
            bill("changed", "2026-01-19T08:00:00Z", item(1000)),  # new 10.00
            bill("started", "2026-02-03T08:00:00Z", item(500), subscription_id="s2"),  # expansion 5.00
            bill("changed", "2026-02-10T08:00:00Z", item(1200)),  # expansion 2.00
            bill("canceled", "2026-02-20T08:00:00Z", item(500), subscription_id="s2"),  # contraction 5.00
            bill("paused", "2026-02-25T08:00:00Z", item(1200)),  # churn 12.00
            bill("resumed", "2026-03-02T08:00:00Z", item(1100)),  # reactivation 11.00
            # Two subscriptions change at one instant: 11 to 8 and 0 to 3 is no movement at all.
            bill("changed", "2026-03-04T08:00:00Z", item(800)),
            bill("changed", "2026-03-04T08:00:00Z", item(300), subscription_id="s2"),
            bill("changed", "2026-03-05T08:00:00Z", item(300), subscription_id="s2", status="past_due"),
            bill("paused", "2026-03-05T08:00:00Z", item(400), subscription_id="s3"),
        ],
        NOON,
    )
    of_month = {key[1]: value for key, value in spread(samples, "mrr_movement").items() if key[2] == "prev_month"}
    assert of_month == {"expansion": 7.0, "contraction": 5.0, "churn": 12.0}
    of_month = {key[1]: value for key, value in spread(samples, "mrr_movement").items() if key[2] == "mtd"}
    assert of_month == {"reactivation": 11.0}
    # 10 + 5 + 2 - 5 - 12 + 11 = 11; at risk s2, paused s3.
    assert number(samples, "mrr", currency="EUR") == 11.0
    assert number(samples, "mrr_at_risk", currency="EUR") == 3.0
    assert number(samples, "mrr_paused", currency="EUR") == 4.0
    # Nothing was left when March began; 10.00 when February did.
    assert number(samples, "mrr_opening", currency="EUR", window="mtd") == 0
    assert number(samples, "mrr_opening", currency="EUR", window="prev_month") == 10.0
    assert number(samples, "customers_opening", window="mtd") == 0
    assert number(samples, "customers_opening", window="prev_month") == 1
    assert number(samples, "customers") == 1
    # The cohort is the month of the first MRR, not of the trial nor of the return.
    assert spread(samples, "cohort_mrr") == {("2026-01", "EUR"): 11.0}
    assert spread(samples, "cohort_customers") == {("2026-01",): 1}


def test_currencies_are_separate_but_a_customer_is_one() -> None:
    samples = counted(
        [
            bill("started", "2026-03-03T08:00:00Z", item(1000)),
            bill("changed", "2026-03-04T08:00:00Z", item(1500), currency="JPY"),
        ],
        NOON,
    )
    assert number(samples, "mrr_movement", currency="EUR", movement="churn", window="mtd") == 10.0
    assert number(samples, "mrr_movement", currency="JPY", movement="new", window="mtd") == 1500.0
    assert spread(samples, "mrr") == {("JPY",): 1500.0}
    assert spread(samples, "lost_customers") == {}
    assert number(samples, "new_customers", source="none", campaign="none", window="mtd") == 1
    assert number(samples, "customers") == 1


def test_lost_customers_have_the_reason_of_the_newest_canceled_state() -> None:
    samples = counted(
        [
            bill("started", "2026-02-05T08:00:00Z", item(1000)),
            bill("started", "2026-02-05T08:00:00Z", item(1000), subscription_id="s2"),
            bill("canceled", "2026-03-02T08:00:00Z", reason="involuntary"),
            # s2 is paused, not canceled: the reason is that of s1.
            bill("paused", "2026-03-03T08:00:00Z", item(1000), subscription_id="s2"),
            bill("resumed", "2026-03-04T08:00:00Z", item(1000), subscription_id="s2"),
            bill("canceled", "2026-03-05T08:00:00Z", subscription_id="s2"),
            # Came and went within the month: lost, but not from the opening balance.
            bill("started", "2026-03-02T08:00:00Z", item(1000), account_id="brief"),
            bill("paused", "2026-03-03T08:00:00Z", item(1000), account_id="brief"),
            # Was there at the very start of the month only.
            bill("started", "2026-03-01T00:00:00Z", item(1000), account_id="first"),
            bill("canceled", "2026-03-02T00:00:00Z", account_id="first"),
        ],
        NOON,
    )
    month = {key[0]: value for key, value in spread(samples, "lost_customers").items() if key[1] == "mtd"}
    # acme on the 3rd (involuntary) and on the 5th (s2, voluntary), brief (never canceled) and first voluntary.
    assert month == {"involuntary": 1, "voluntary": 3}
    assert spread(samples, "lost_opening_customers") == {("mtd",): 1}
    assert number(samples, "customers_opening", window="mtd") == 1


def test_a_customer_is_new_once_at_the_earlier_of_win_and_first_mrr() -> None:
    samples = counted(
        [
            # Won first, paid later: the win, with its labels.
            deal("won", "2026-03-02T08:00:00Z", source="web", campaign_id="c"),
            bill("started", "2026-03-04T08:00:00Z", item(1000)),
            # Paid in February, won in March: February, without labels.
            bill("started", "2026-02-04T08:00:00Z", item(1000), account_id="early"),
            deal("won", "2026-03-02T08:00:00Z", account_id="early", source="web"),
            # At one instant: the win's labels.
            bill("started", "2026-03-04T08:00:00Z", item(1000), account_id="both"),
            deal("won", "2026-03-04T08:00:00Z", account_id="both", source="ads"),
            # An upsell makes no customer.
            deal("won", "2026-03-04T08:00:00Z", account_id="more", kind="upsell"),
        ],
        NOON,
    )
    assert number(samples, "new_customers", source="web", campaign="c", window="mtd") == 1
    assert number(samples, "new_customers", source="ads", campaign="none", window="mtd") == 1
    assert number(samples, "new_customers", source="none", campaign="none", window="prev_month") == 1
    assert sum(value for key, value in spread(samples, "new_customers").items() if key[2] == "30d") == 2
    assert number(samples, "customers") == 3


def test_cohorts_older_than_thirteen_months_are_one() -> None:
    samples = counted(
        [
            bill("started", "2025-02-28T23:59:59Z", item(1000), account_id="a"),
            bill("started", "2024-06-01T00:00:00Z", item(2000), account_id="b"),
            bill("started", "2025-03-01T00:00:00Z", item(4000), account_id="c"),
        ],
        NOON,
    )
    assert spread(samples, "cohort_mrr") == {("older", "EUR"): 30.0, ("2025-03", "EUR"): 40.0}
    assert spread(samples, "cohort_customers") == {("older",): 2, ("2025-03",): 1}


def test_invoices_count_once_per_state_at_the_first_event() -> None:
    invoice = {"account_id": "acme", "invoice_id": "i", "amount_minor": 100, "currency": "EUR"}
    samples = counted(
        [
            happened("invoice.payment_failed", "2026-02-27T08:00:00Z", **invoice),
            happened("invoice.payment_failed", "2026-03-02T08:00:00Z", **invoice),
            happened("invoice.paid", "2026-03-05T08:00:00Z", **invoice),
        ],
        NOON,
    )
    assert number(samples, "invoices", state="failed", window="30d") == 1
    assert number(samples, "invoices", state="failed", window="mtd") == 0
    assert number(samples, "invoices", state="paid", window="mtd") == 1


def test_minor_units_go_by_currency() -> None:
    samples = counted(
        [
            deal("created", "2026-03-10T08:00:00Z", opportunity_id=currency, amount_minor=123456, currency=currency)
            for currency in ("EUR", "JPY", "KWD", "CLF")
        ],
        NOON,
    )
    assert {key[0]: value for key, value in spread(samples, "open_pipeline").items()} == {
        "EUR": 1234.56,
        "JPY": 123456.0,
        "KWD": 123.456,
        "CLF": 12.3456,
    }


def test_a_return_to_zero_that_comes_twice_is_no_swap() -> None:
    samples = counted(
        [
            bill("started", "2026-01-29T08:00:00Z", item(3000)),
            bill("canceled", "2026-02-28T23:50:00Z"),
            bill("canceled", "2026-03-01T00:10:00Z"),
        ],
        NOON,
    )
    # Nothing was paid again, so the churn stays where it was: 30.00 in February, and nothing was left to lose in March.
    assert number(samples, "mrr_movement", currency="EUR", movement="churn", window="prev_month") == 30.0
    assert number(samples, "mrr_movement", currency="EUR", movement="churn", window="mtd") == 0
    assert number(samples, "lost_opening_customers", window="mtd") == 0
