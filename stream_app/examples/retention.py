"""Churn, retention, quick ratio, ARPA, lifetime value, payback."""

from fractions import Fraction

from stream_app.examples.events import each, expect, item, spend, subscription
from stream_app.spec.example import Example

_NOW = "2026-03-15 12:00"

CHARTMOGUL = Example(
    title="ChartMogul's month: 100 at the start, 10 churned, 10 contracted, 10 expanded",
    explains=(
        "gross_mrr_churn_rate",
        "net_mrr_churn_rate",
        "gross_revenue_retention",
        "net_revenue_retention",
        "quick_ratio",
        "mrr_opening",
        "customers_opening",
        "customer_churn_rate",
        "lost_opening_customers",
    ),
    as_of=_NOW,
    given=(
        subscription("started", "2026-01-05 09:00", "leaves", item(1_000)),
        subscription("started", "2026-01-05 09:00", "shrinks", item(5_000)),
        subscription("started", "2026-01-05 09:00", "grows", item(4_000)),
        subscription("canceled", "2026-02-10 09:00", "leaves", item(1_000)),
        subscription("changed", "2026-02-11 09:00", "shrinks", item(4_000)),
        subscription("changed", "2026-02-12 09:00", "grows", item(5_000)),
    ),
    arithmetic=(
        "February opened with 10 + 50 + 40 = 100. Gross churn (10 + 10) / 100 = 20 %, net churn (10 + 10 - 10 - 0) / "
        "100 = 10 %. Kept: 1 - 0.2 = 80 %, with expansion 1 - (20 - 10) / 100 = 90 %. Quick ratio 10 / 20 = 0.5. March"
        " opened with 100 + 10 - 20 = 90; nothing has moved since: no quick ratio. Customers 1 / 3 lost."
    ),
    source=(
        'ChartMogul, help center, charts "Gross MRR Churn Rate" (204898491) and "Net MRR Churn Rate" '
        "(4414075567250), which print the 20 % and the 10 %"
    ),
    expected=(
        expect("mrr_opening", {"prev_month": 100, "mtd": 90}, currency="USD"),
        expect("customers_opening", {"prev_month": 3, "mtd": 2}),
        expect("gross_mrr_churn_rate", {"prev_month": Fraction(1, 5), "mtd": 0}, currency="USD"),
        expect("net_mrr_churn_rate", {"prev_month": Fraction(1, 10), "mtd": 0}, currency="USD"),
        expect("gross_revenue_retention", {"prev_month": Fraction(4, 5), "mtd": 1}, currency="USD"),
        expect("net_revenue_retention", {"prev_month": Fraction(9, 10), "mtd": 1}, currency="USD"),
        expect("quick_ratio", {"prev_month": Fraction(1, 2), "mtd": None}, currency="USD"),
        expect("lost_opening_customers", {"prev_month": 1, "mtd": 0}),
        expect("customer_churn_rate", {"prev_month": Fraction(1, 3), "mtd": 0}),
    ),
)

NEGATIVE_CHURN = Example(
    title="Reactivation lowers net churn, but is no retention",
    explains=(
        "gross_mrr_churn_rate",
        "net_mrr_churn_rate",
        "gross_revenue_retention",
        "net_revenue_retention",
        "quick_ratio",
        "mrr",
    ),
    as_of=_NOW,
    given=(
        subscription("started", "2025-12-05 09:00", "returns", item(4_000)),
        subscription("canceled", "2026-01-20 09:00", "returns", item(4_000)),
        subscription("started", "2026-01-05 09:00", "shrinks", item(12_000)),
        subscription("started", "2026-01-05 09:00", "grows", item(8_000)),
        subscription("changed", "2026-03-03 09:00", "shrinks", item(10_000)),
        subscription("changed", "2026-03-04 09:00", "grows", item(9_000)),
        subscription("started", "2026-03-05 09:00", "returns", item(4_000)),
        subscription("started", "2026-03-06 09:00", "comes", item(3_000)),
    ),
    arithmetic=(
        "March opened with 120 + 80 = 200. Contraction 20, expansion 10, reactivation 40, new 30: 200 + 30 + 10 + 40 -"
        " 20 = 260. Gross churn 20 / 200 = 10 %; net churn (20 - 10 - 40) / 200 = -15 %. Gross retention 90 %; net "
        "retention 1 - (20 - 10) / 200 = 95 %, without the 40. Quick ratio (30 + 10 + 40) / 20 = 4."
    ),
    expected=(
        expect("mrr", 260, currency="USD"),
        expect("gross_mrr_churn_rate", {"mtd": Fraction(1, 10)}, currency="USD"),
        expect("net_mrr_churn_rate", {"mtd": Fraction(-3, 20)}, currency="USD"),
        expect("gross_revenue_retention", {"mtd": Fraction(9, 10)}, currency="USD"),
        expect("net_revenue_retention", {"mtd": Fraction(19, 20)}, currency="USD"),
        expect("quick_ratio", {"mtd": 4}, currency="USD"),
    ),
)

ARPA = Example(
    title="ChartMogul's five customers",
    explains=("arpa",),
    as_of=_NOW,
    given=(
        each(2, subscription("started", "2026-02-02 09:00", "small", item(10_000))),
        subscription("started", "2026-02-02 09:00", "middle", item(30_000)),
        each(2, subscription("started", "2026-02-02 09:00", "large", item(50_000))),
    ),
    arithmetic="(2 x 100 + 300 + 2 x 500) / 5 = 1 500 / 5 = 300, all of earlier months; nobody is new: no sample.",
    source='ChartMogul, help center, chart "Average Revenue Per Account" (203359301)',
    expected=(
        expect("arpa", 300, cohort="all", currency="USD"),
        expect("arpa", 300, cohort="existing", currency="USD"),
        expect("arpa", None, cohort="new", currency="USD"),
    ),
)

COHORTS = Example(
    title="Thirteen months by name, the rest older",
    explains=("cohort_customers", "cohort_mrr", "arpa"),
    as_of=_NOW,
    given=(
        subscription("started", "2026-03-02 09:00", "this-month", item(3_000)),
        subscription("started", "2025-03-31 09:00", "a-year-ago", item(2_000)),
        subscription("started", "2025-02-28 09:00", "before", item(1_000)),
        subscription("started", "2025-06-10 09:00", "returned", item(900)),
        subscription("canceled", "2025-09-10 09:00", "returned", item(900)),
        subscription("started", "2026-03-10 09:00", "returned", item(500)),
    ),
    arithmetic=(
        "March 2026 and the twelve months before it reach back to March 2025; February 2025 is older. The customer "
        "who returned stays in the month of its first MRR, June 2025, with its current 5. ARPA: all (30 + 20 + 10 + "
        "5) / 4 = 16.25; new 30 / 1; existing (20 + 10 + 5) / 3 = 35 / 3."
    ),
    expected=(
        expect("cohort_customers", 1, cohort="2026-03"),
        expect("cohort_customers", 1, cohort="2025-06"),
        expect("cohort_customers", 1, cohort="2025-03"),
        expect("cohort_customers", 1, cohort="older"),
        expect("cohort_mrr", 30, cohort="2026-03", currency="USD"),
        expect("cohort_mrr", 5, cohort="2025-06", currency="USD"),
        expect("cohort_mrr", 20, cohort="2025-03", currency="USD"),
        expect("cohort_mrr", 10, cohort="older", currency="USD"),
        expect("arpa", 16.25, cohort="all", currency="USD"),
        expect("arpa", 30, cohort="new", currency="USD"),
        expect("arpa", Fraction(35, 3), cohort="existing", currency="USD"),
    ),
)

LIFETIME = Example(
    title="ARPA 100 and 5 % churn",
    explains=(
        "customer_lifetime_value",
        "customer_churn_rate",
        "cac_payback_months",
        "customer_acquisition_cost",
        "arpa",
    ),
    as_of=_NOW,
    given=(
        each(20, subscription("started", "2026-01-05 09:00", "old", item(10_000))),
        subscription("canceled", "2026-02-10 09:00", "old-20", item(10_000)),
        each(2, subscription("started", "2026-02-15 09:00", "new", item(10_000))),
        spend("2026-02-28 09:00", "ads", 50_000, "USD", "media", "2026-02-01", "2026-02-28"),
        spend("2026-02-28 09:00", "reps", 30_000, "USD", "sales", "2026-02-01", "2026-02-28"),
    ),
    arithmetic=(
        "February opened with 20 customers and lost 1: 5 %. (Stripe would divide by 20 + 2 new ones.) Now 21 customers"
        " pay 2 100: ARPA 100. Lifetime value without margin 100 / 0.05 = 2 000, with the margin of 80 % 1 600. "
        "February cost 500 + 300 = 800 for 2 new customers: CAC 400, paid back in 400 / (100 x 0.8) = 5 months."
    ),
    source=(
        'ChartMogul, help center, chart "Customer Lifetime Value" (203359061), prints ARPA 100, churn 5 %, 2 000; the '
        "churn there is a six-month average in newer versions of the page. Spend is ours"
    ),
    expected=(
        expect("customer_churn_rate", {"prev_month": Fraction(1, 20)}),
        expect("arpa", 100, cohort="all", currency="USD"),
        expect("arpa", 100, cohort="existing", currency="USD"),
        expect("customer_lifetime_value", 2_000, currency="USD", margin="excluded"),
        expect("customer_lifetime_value", 1_600, currency="USD", margin="included"),
        expect("customer_acquisition_cost", {"prev_month": 400}, currency="USD"),
        expect("cac_payback_months", 5, currency="USD"),
    ),
)

NO_CHURN = Example(
    title="No denominator, no sample",
    explains=(
        "customer_lifetime_value",
        "customer_churn_rate",
        "gross_mrr_churn_rate",
        "quick_ratio",
        "cac_payback_months",
    ),
    as_of=_NOW,
    given=(subscription("started", "2026-03-02 09:00", "first", item(10_000)),),
    arithmetic=(
        "Neither February nor March opened with a customer or MRR, nothing was lost, nothing was spent: a rate would "
        "divide by 0. No sample, which is not 0."
    ),
    expected=(
        expect("customer_lifetime_value", None, currency="USD", margin="included"),
        expect("customer_churn_rate", {"mtd": None, "prev_month": None}),
        expect("gross_mrr_churn_rate", {"mtd": None, "prev_month": None}, currency="USD"),
        expect("quick_ratio", {"mtd": None, "prev_month": None}, currency="USD"),
        expect("cac_payback_months", None, currency="USD"),
    ),
)

RETENTION = (CHARTMOGUL, NEGATIVE_CHURN, ARPA, COHORTS, LIFETIME, NO_CHURN)
