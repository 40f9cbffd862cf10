"""MRR: what a subscription is worth, and how it moves."""

from stream_app.examples.events import each, expect, item, one_company, subscription
from stream_app.spec.example import Example

_NOW = "2026-03-15 12:00"
_CHARTMOGUL = 'ChartMogul, help center, "Lifecycle of a customer" (article 201244842), the subscriber Syncalytics'
_GOLD_YEARLY, _GOLD_MONTHLY, _SILVER_MONTHLY = (
    item(50_000, "year", quantity=4),
    item(5_000, quantity=3),
    item(3_000, quantity=2),
)

_FIRST_YEAR = (
    subscription("started", "2025-03-01 09:00", "syncalytics", _GOLD_YEARLY, name="gold"),
    subscription("started", "2025-03-05 09:00", "syncalytics", _SILVER_MONTHLY, name="silver"),
    subscription("canceled", "2025-03-19 09:00", "syncalytics", _SILVER_MONTHLY, name="silver"),
)

SYNCALYTICS = Example(
    title="ChartMogul's subscriber in its first month",
    explains=("mrr_movement", "mrr", "customers"),
    as_of="2025-03-31 12:00",
    given=_FIRST_YEAR,
    arithmetic=(
        "Four yearly Gold plans at 500: 2 000 / 12 = 166.67 new. Two monthly Silver plans at 30, beside the other: 60 "
        "expansion. Canceled while the other runs: 60 contraction, not churn. MRR 166.67 + 60 - 60 = 166.67."
    ),
    source=f"{_CHARTMOGUL}; the days are ours",
    expected=(
        expect("mrr_movement", {"mtd": 166.67}, currency="USD", movement="new"),
        expect("mrr_movement", {"mtd": 60}, currency="USD", movement="expansion"),
        expect("mrr_movement", {"mtd": 60}, currency="USD", movement="contraction"),
        expect("mrr", 166.67, currency="USD"),
        expect("customers", 1),
    ),
)

SYNCALYTICS_RETURNS = Example(
    title="ChartMogul's subscriber leaves and comes back",
    explains=("mrr_movement", "mrr", "lost_customers"),
    as_of=_NOW,
    given=(
        *_FIRST_YEAR,
        subscription("canceled", "2026-03-01 09:00", "syncalytics", _GOLD_YEARLY, name="gold"),
        subscription("started", "2026-03-10 09:00", "syncalytics", _GOLD_MONTHLY, name="gold-again"),
    ),
    arithmetic=(
        "At the end of the paid year the last subscription ends: 166.67 churn. Three monthly Gold plans at 50, of a "
        "former customer: 150 reactivation. One customer lost this month. MRR 150."
    ),
    source=f"{_CHARTMOGUL}; the days are ours, and the 150 follow from the prices there",
    expected=(
        expect("mrr_movement", {"mtd": 166.67}, currency="USD", movement="churn"),
        expect("mrr_movement", {"mtd": 150}, currency="USD", movement="reactivation"),
        expect("mrr", 150, currency="USD"),
        expect("lost_customers", {"mtd": 1, "prev_month": 0}, reason="voluntary"),
    ),
)

STRIPE = Example(
    title="Stripe's 150 subscribers",
    explains=("mrr", "customers"),
    as_of=_NOW,
    given=(
        each(100, subscription("started", "2026-03-02 09:00", "a", item(10_000))),
        each(50, subscription("started", "2026-03-02 09:00", "b", item(60_000, "year"))),
    ),
    arithmetic=(
        "100 x 100 + 50 x (600 / 12) = 10 000 + 2 500 = 12 500. (Stripe's page prints 800 instead of 600 inside the "
        "formula; its price list and its result are these.)"
    ),
    source='Stripe, "Billing metric definitions" (docs.stripe.com/billing/subscriptions/analytics/glossary)',
    expected=(expect("mrr", 12_500, currency="USD"), expect("customers", 150)),
)

DISCOUNT = Example(
    title="A yearly price and a coupon without an end",
    explains=("mrr",),
    as_of=_NOW,
    given=(
        subscription("started", "2026-03-02 09:00", "full", item(120_000, "year")),
        subscription("started", "2026-03-02 09:00", "half", item(120_000, "year"), discount_percent_forever=50),
    ),
    arithmetic=(
        "1 200 a year count 1 200 / 12 = 100 a month; 50 % off without an end halve it: 50. Together 150. A coupon "
        "that ends is not sent and changes nothing."
    ),
    source='Stripe, support, "Billing Analytics" (support.stripe.com/questions/billing-analytics)',
    expected=(expect("mrr", 150, currency="USD"),),
)

INTERVALS = Example(
    title="Every interval",
    explains=("mrr",),
    as_of=_NOW,
    given=(
        subscription(
            "started",
            "2026-03-02 09:00",
            "acme",
            item(1_000, "day"),
            item(1_000, "week"),
            item(2_500, "month", interval_count=2),
            item(1_000, "quarter"),
            item(1_000, "year"),
            item(2_400, "year", interval_count=2),
        ),
    ),
    arithmetic=(
        "In cents. Day: 1 000 x 30.4375 = 30 437.5, half to even 30 438. Week: 1 000 x 4.348125 = 4 348.125, 4 348. "
        "Two months: 2 500 / 2 = 1 250. Quarter: 1 000 / 3 = 333.3, 333. Year: 1 000 / 12 = 83.3, 83. Two years: 2 400"
        " / 24 = 100. Sum 30 438 + 4 348 + 1 250 + 333 + 83 + 100 = 36 552."
    ),
    expected=(expect("mrr", 365.52, currency="USD"),),
)

ROUNDING = Example(
    title="Each item is rounded separately",
    explains=("mrr",),
    as_of=_NOW,
    given=(
        subscription(
            "started", "2026-03-02 09:00", "acme", item(30, "year"), item(30, "year"), item(42, "year"), name="u1"
        ),
        subscription(
            "started", "2026-03-03 09:00", "acme", item(999, quantity=3), discount_percent_forever=33.3, name="u2"
        ),
    ),
    arithmetic=(
        "In cents. 30 / 12 = 2.5, half to even 2, twice: 4 and not 5. 42 / 12 = 3.5, half to even 4. 3 x 999 x (1 - "
        "0.333) = 2 997 x 0.667 = 1 998.999, 1 999. Sum 2 + 2 + 4 + 1 999 = 2 007."
    ),
    expected=(expect("mrr", 20.07, currency="USD"),),
)

STATUSES = Example(
    title="Trial, metered, paused, past due",
    explains=("mrr", "mrr_at_risk", "mrr_paused", "customers", "mrr_movement", "lost_customers"),
    as_of=_NOW,
    given=(
        subscription("started", "2026-03-02 09:00", "trial", item(5_000), status="trialing"),
        subscription("started", "2026-03-02 09:00", "meter", item(2_000), item(99_900, usage="metered")),
        subscription("started", "2026-03-02 09:00", "rest", item(3_000)),
        subscription("paused", "2026-03-05 09:00", "rest", item(3_000)),
        subscription("started", "2026-03-02 09:00", "late", item(4_000)),
        subscription("changed", "2026-03-06 09:00", "late", item(4_000), status="past_due"),
    ),
    arithmetic=(
        "Trial 0. Meter: the licensed item only, 20. Rest: 30 until the pause, then 0 of MRR and 30 paused. Late: 40, "
        "all at risk. MRR 20 + 40 = 60 on 2 accounts. New 20 + 30 + 40 = 90; the pause is churn of 30: 90 - 30 = 60. "
        "One customer lost; nothing was canceled, so voluntary."
    ),
    expected=(
        expect("mrr", 60, currency="USD"),
        expect("mrr_at_risk", 40, currency="USD"),
        expect("mrr_paused", 30, currency="USD"),
        expect("customers", 2),
        expect("mrr_movement", {"mtd": 90}, currency="USD", movement="new"),
        expect("mrr_movement", {"mtd": 30}, currency="USD", movement="churn"),
        expect("lost_customers", {"mtd": 1}, reason="voluntary"),
    ),
)

RESUMED = Example(
    title="A pause ends, a debt is paid",
    explains=("mrr", "mrr_at_risk", "mrr_paused", "mrr_movement"),
    as_of=_NOW,
    given=(
        subscription("started", "2026-02-02 09:00", "rest", item(3_000)),
        subscription("paused", "2026-02-10 09:00", "rest", item(3_000)),
        subscription("resumed", "2026-03-10 09:00", "rest", item(3_000)),
        subscription("started", "2026-02-02 09:00", "late", item(4_000), status="past_due"),
        subscription("changed", "2026-03-06 09:00", "late", item(4_000)),
    ),
    arithmetic=(
        "February: new 30 + 40 = 70, churn by the pause 30. March: reactivation 30; paying a debt changes no MRR. MRR "
        "70 - 30 + 30 = 70; nothing paused or at risk any more."
    ),
    expected=(
        expect("mrr", 70, currency="USD"),
        expect("mrr_at_risk", 0, currency="USD"),
        expect("mrr_paused", 0, currency="USD"),
        expect("mrr_movement", {"mtd": 0, "prev_month": 70}, currency="USD", movement="new"),
        expect("mrr_movement", {"mtd": 0, "prev_month": 30}, currency="USD", movement="churn"),
        expect("mrr_movement", {"mtd": 30, "prev_month": 0}, currency="USD", movement="reactivation"),
    ),
)

SWITCH = Example(
    title="One subscription replaces another in the same moment",
    explains=("mrr_movement", "lost_customers", "customers"),
    as_of=_NOW,
    given=(
        subscription("started", "2026-02-02 09:00", "acme", item(10_000), name="old"),
        subscription("canceled", "2026-03-05 09:00", "acme", item(10_000), name="old"),
        subscription("started", "2026-03-05 09:00", "acme", item(12_000), name="new"),
    ),
    arithmetic="All changes of one moment are one: from 100 to 120, expansion 20. No churn, nobody lost.",
    expected=(
        expect("mrr_movement", {"mtd": 20}, currency="USD", movement="expansion"),
        expect("lost_customers", {"mtd": 0, "30d": 0}, reason="voluntary"),
        expect("customers", 1),
    ),
)

SWAP = Example(
    title="A new plan starts half an hour after the old one ended",
    explains=(
        "mrr_movement",
        "lost_customers",
        "lost_opening_customers",
        "mrr",
        "customers",
        "customers_opening",
        "customer_churn_rate",
    ),
    as_of=_NOW,
    given=(
        subscription("started", "2026-02-02 09:00", "acme", item(10_000), name="old"),
        subscription("canceled", "2026-03-05 09:00", "acme", item(10_000), name="old"),
        subscription("started", "2026-03-05 09:30", "acme", item(12_000), name="new"),
    ),
    arithmetic=(
        "30 minutes are within the swap grace of 60: the 100 before are compared with the 120 after, expansion 20. "
        "Nobody is lost and nobody comes back: 0 / 1."
    ),
    expected=(
        expect("mrr_movement", {"mtd": 20}, currency="USD", movement="expansion"),
        expect("lost_customers", {"mtd": 0}, reason="voluntary"),
        expect("lost_opening_customers", {"mtd": 0}),
        expect("mrr", 120, currency="USD"),
        expect("customers", 1),
        expect("customers_opening", {"mtd": 1}),
        expect("customer_churn_rate", {"mtd": 0}),
    ),
)

GAP = Example(
    title="A new plan starts 61 minutes after the old one ended",
    explains=(
        "mrr_movement",
        "lost_customers",
        "lost_opening_customers",
        "mrr",
        "customers",
        "customers_opening",
        "customer_churn_rate",
    ),
    as_of=_NOW,
    given=(
        subscription("started", "2026-02-02 09:00", "acme", item(10_000), name="old"),
        subscription("canceled", "2026-03-05 09:00", "acme", item(10_000), name="old"),
        subscription("started", "2026-03-05 10:01", "acme", item(12_000), name="new"),
    ),
    arithmetic=(
        "61 minutes are more than the swap grace of 60: churn 100, and 120 of a former customer, reactivation. One of "
        "the one customer that March began with is lost: 1 / 1."
    ),
    expected=(
        expect("mrr_movement", {"mtd": 100}, currency="USD", movement="churn"),
        expect("mrr_movement", {"mtd": 120}, currency="USD", movement="reactivation"),
        expect("lost_customers", {"mtd": 1}, reason="voluntary"),
        expect("lost_opening_customers", {"mtd": 1}),
        expect("mrr", 120, currency="USD"),
        expect("customers", 1),
        expect("customers_opening", {"mtd": 1}),
        expect("customer_churn_rate", {"mtd": 1}),
    ),
)

CURRENCY_SWAP = Example(
    title="A new plan in another currency",
    explains=("mrr_movement", "lost_customers", "mrr", "customers"),
    as_of=_NOW,
    given=(
        subscription("started", "2026-02-02 09:00", "acme", item(10_000), name="old", currency="EUR"),
        subscription("canceled", "2026-03-05 09:00", "acme", item(10_000), name="old", currency="EUR"),
        subscription("started", "2026-03-05 09:30", "acme", item(9_000), name="new", currency="USD"),
    ),
    arithmetic=(
        "Within the swap grace nobody is lost. Each currency is compared with itself: 100 euros before and none after,"
        " churn 100; no dollars before and 90 after for the first time, new 90."
    ),
    expected=(
        expect("mrr_movement", {"mtd": 100}, currency="EUR", movement="churn"),
        expect("mrr_movement", {"mtd": 90}, currency="USD", movement="new"),
        expect("lost_customers", {"mtd": 0}, reason="voluntary"),
        expect("mrr", 90, currency="USD"),
        expect("customers", 1),
    ),
)

ONE_COMPANY = Example(
    title="Two accounts that are one company",
    explains=("customers", "mrr_movement", "mrr", "lost_customers", "new_customers", "customers_opening"),
    as_of=_NOW,
    given=(
        subscription("started", "2026-02-02 09:00", "acme", item(10_000)),
        subscription("started", "2026-02-10 09:00", "acme-inc", item(5_000)),
        subscription("canceled", "2026-03-05 09:00", "acme-inc", item(5_000)),
        one_company("2026-03-10 09:00", "acme", "acme-inc"),
    ),
    arithmetic=(
        "One account with two subscriptions, whenever the merge was: in February new 100 and expansion 50, in March "
        "contraction 50, not churn. It became a customer once, in February, and is one still: 100 of MRR."
    ),
    expected=(
        expect("customers", 1),
        expect("mrr_movement", {"prev_month": 100, "mtd": 0}, currency="USD", movement="new"),
        expect("mrr_movement", {"prev_month": 50, "mtd": 0}, currency="USD", movement="expansion"),
        expect("mrr_movement", {"prev_month": 0, "mtd": 50}, currency="USD", movement="contraction"),
        expect("mrr", 100, currency="USD"),
        expect("lost_customers", {"mtd": 0}, reason="voluntary"),
        expect("new_customers", {"prev_month": 1, "mtd": 0}, source="none", campaign="none"),
        expect("customers_opening", {"mtd": 1}),
    ),
)

CURRENCIES = Example(
    title="One account, three currencies",
    explains=("mrr", "mrr_movement", "customers", "lost_customers"),
    as_of=_NOW,
    given=(
        subscription("started", "2026-02-02 09:00", "acme", item(10_000), name="eu", currency="EUR"),
        subscription("started", "2026-02-02 09:00", "acme", item(5_000), name="jp", currency="JPY"),
        subscription("canceled", "2026-03-05 09:00", "acme", item(10_000), name="eu", currency="EUR"),
        subscription("started", "2026-03-09 09:00", "acme", item(7_000), name="us", currency="USD"),
    ),
    arithmetic=(
        "Euros: 100 churn. Yen have no decimals: 5 000 stay, so the account is no lost customer. Dollars: the first in"
        " dollars, 70 new. MRR 5 000 yen and 70 dollars, never added up."
    ),
    expected=(
        expect("mrr", 5_000, currency="JPY"),
        expect("mrr", 70, currency="USD"),
        expect("mrr_movement", {"mtd": 100}, currency="EUR", movement="churn"),
        expect("mrr_movement", {"mtd": 70}, currency="USD", movement="new"),
        expect("lost_customers", {"mtd": 0}, reason="voluntary"),
        expect("customers", 1),
    ),
)

TWICE_LOST = Example(
    title="Canceled, reactivated and canceled again in one month",
    explains=(
        "mrr_movement",
        "lost_customers",
        "lost_opening_customers",
        "mrr_opening",
        "customers_opening",
        "customer_churn_rate",
    ),
    as_of=_NOW,
    given=(
        subscription("started", "2026-02-05 09:00", "acme", item(5_000), currency="EUR"),
        subscription("canceled", "2026-03-03 09:00", "acme", item(5_000), currency="EUR"),
        subscription("started", "2026-03-09 09:00", "acme", item(7_000), currency="EUR"),
        subscription("canceled", "2026-03-12 09:00", "acme", item(7_000), currency="EUR", reason="involuntary"),
    ),
    arithmetic=(
        "March began with 50 and one customer, February with nothing. Churn 50 + 70 = 120, reactivation 70: 50 + 70 - "
        "120 = 0. Lost twice, first voluntarily, then not; of the customers with whom March began, one, counted once: "
        "1 / 1. February began without customers: no rate."
    ),
    expected=(
        expect("mrr_movement", {"mtd": 120}, currency="EUR", movement="churn"),
        expect("mrr_movement", {"mtd": 70}, currency="EUR", movement="reactivation"),
        expect("lost_customers", {"mtd": 1}, reason="voluntary"),
        expect("lost_customers", {"mtd": 1}, reason="involuntary"),
        expect("lost_opening_customers", {"mtd": 1, "prev_month": 0}),
        expect("mrr_opening", {"mtd": 50, "prev_month": 0}, currency="EUR"),
        expect("customers_opening", {"mtd": 1, "prev_month": 0}),
        expect("customer_churn_rate", {"mtd": 1, "prev_month": None}),
    ),
)

LATE_CANCELLATION = Example(
    title="A late cancellation restates a closed month",
    explains=(
        "mrr_opening",
        "customers_opening",
        "mrr_movement",
        "lost_opening_customers",
        "customer_churn_rate",
        "gross_mrr_churn_rate",
        "mrr",
    ),
    as_of=_NOW,
    given=(
        subscription("started", "2026-01-10 09:00", "acme", item(6_000)),
        subscription("started", "2026-01-12 09:00", "bolt", item(4_000)),
        subscription("changed", "2026-03-14 09:00", "bolt", item(4_500)),
        subscription("canceled", "2026-02-20 09:00", "acme", item(6_000)),
    ),
    arithmetic=(
        "The cancellation of February 20 arrives last, in March. February began with 60 + 40 = 100 and 2 customers and"
        " lost 60 and 1: 60 / 100 = 0.6 and 1 / 2. March therefore began with 40 and 1 customer; 5 of expansion make "
        "45."
    ),
    expected=(
        expect("mrr", 45, currency="USD"),
        expect("mrr_opening", {"mtd": 40, "prev_month": 100}, currency="USD"),
        expect("customers_opening", {"mtd": 1, "prev_month": 2}),
        expect("mrr_movement", {"mtd": 0, "prev_month": 60}, currency="USD", movement="churn"),
        expect("mrr_movement", {"mtd": 5, "prev_month": 0}, currency="USD", movement="expansion"),
        expect("lost_opening_customers", {"mtd": 0, "prev_month": 1}),
        expect("customer_churn_rate", {"mtd": 0, "prev_month": 0.5}),
        expect("gross_mrr_churn_rate", {"mtd": 0, "prev_month": 0.6}, currency="USD"),
    ),
)

REVENUE = (
    SYNCALYTICS,
    SYNCALYTICS_RETURNS,
    STRIPE,
    DISCOUNT,
    INTERVALS,
    ROUNDING,
    STATUSES,
    RESUMED,
    SWITCH,
    SWAP,
    GAP,
    CURRENCY_SWAP,
    ONE_COMPANY,
    CURRENCIES,
    TWICE_LOST,
    LATE_CANCELLATION,
)
