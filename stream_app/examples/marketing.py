"""From leads to MQLs and customers, and what they cost and bring."""

from fractions import Fraction

from stream_app.examples.events import deal, each, expect, lead, reach, spend, stage
from stream_app.spec.example import Example

_END = "2026-03-31 12:00"
_ORIGIN = {"source": "web", "channel": "search", "campaign_id": "spring"}

TO_MQL = Example(
    title="In the period and by cohort",
    explains=("lead_to_mql_ratio", "lead_to_mql_cohort_ratio", "lead_mql_cohort"),
    as_of=_END,
    given=(
        lead("created", "2026-01-10 09:00", "january", source="web"),
        stage("mql", "2026-02-25 09:00", "january"),
        lead("created", "2026-02-20 09:00", "february", source="web"),
        stage("mql", "2026-03-04 09:00", "february"),
        lead("created", "2026-03-03 09:00", "w1", source="web"),
        stage("mql", "2026-03-08 09:00", "w1"),
        lead("created", "2026-03-05 09:00", "w2", source="web"),
        lead("created", "2026-03-10 09:00", "w3", source="web"),
        lead("created", "2026-03-20 09:00", "w4", source="web"),
        lead("created", "2026-03-12 09:00", "x1", source="expo"),
        stage("mql", "2026-03-15 09:00", "x1"),
        lead("created", "2026-03-12 09:00", "x2", source="expo", is_import=True),
        stage("mql", "2026-03-16 09:00", "x2"),
    ),
    arithmetic=(
        "In March the web brought 4 leads and 2 of its leads (february, w1) became MQL: 2 / 4. Expo: 1 lead, 2 MQLs "
        "(one of an imported lead): 2 / 1 = 2; a ratio of two groups can pass 1. February: 1 web MQL (january) per 1 "
        "web lead. By cohort: of the 5 leads of March w1 and x1 became MQL within 30 days: 2 / 5. Of the 1 of "
        "February: 1 / 1. January took 46 days and is in no cohort."
    ),
    expected=(
        expect("lead_to_mql_ratio", {"mtd": Fraction(1, 2), "prev_month": 1}, source="web"),
        expect("lead_to_mql_ratio", {"mtd": 2, "prev_month": None}, source="expo"),
        expect("lead_to_mql_cohort_ratio", {"mtd": Fraction(2, 5), "prev_month": 1}),
        expect("lead_mql_cohort", {"mtd": 2, "prev_month": 1}),
    ),
)

COSTS = Example(
    title="A campaign of 600, sales of 400, a license in dollars",
    explains=(
        "cost_per_lead",
        "cost_per_mql",
        "cost_per_sql",
        "cost_per_customer",
        "campaign_cost_per_lead",
        "campaign_cost_per_mql",
        "campaign_cost_per_sql",
        "campaign_cost_per_customer",
        "customer_acquisition_cost",
        "campaign_roi",
        "channel_roi",
        "romi",
    ),
    as_of=_END,
    given=(
        each(5, lead("created", "2026-03-05 09:00", "p", **_ORIGIN)),
        each(3, stage("mql", "2026-03-10 09:00", "p")),
        each(2, stage("sql", "2026-03-15 09:00", "p")),
        deal("won", "2026-03-20 09:00", "o1", "acme", "new_business", 240_000, "EUR", **_ORIGIN),
        spend(
            "2026-03-31 09:00",
            "ads",
            60_000,
            "EUR",
            "media",
            "2026-03-01",
            "2026-03-31",
            channel="search",
            campaign_id="spring",
        ),
        spend("2026-03-31 09:00", "reps", 40_000, "EUR", "sales", "2026-03-01", "2026-03-31"),
        spend("2026-03-31 09:00", "license", 10_000, "USD", "technology", "2026-03-10", "2026-03-10"),
    ),
    arithmetic=(
        "Without sales, euros: 600 / 5 leads = 120, / 3 MQLs = 200, / 2 SQLs = 300, / 1 customer = 600; dollars: 100 /"
        " 5 = 20, / 3 = 33.33, / 2 = 50, / 1 = 100. All of it is of the campaign in euros, none in dollars. With "
        "sales: (600 + 400) / 1 = 1 000, and 100 dollars. Campaign and channel: (2 400 - 600) / 600 = 3. ROMI at a "
        "margin of 80 %: (2 400 x 0.8 - 1 000) / 1 000 = 0.92; dollars were spent and not booked: (0 - 100) / 100 = "
        "-1. 30d leaves out March 1, on which 19.36 of the 600 fell (60 000 cents / 31 = 1 935, rest 15): 580.64 / 5 ="
        " 116.128."
    ),
    expected=(
        expect("cost_per_lead", {"mtd": 120, "30d": Fraction("116.128")}, currency="EUR"),
        expect("cost_per_lead", {"mtd": 20, "30d": 20}, currency="USD"),
        expect("cost_per_mql", {"mtd": 200}, currency="EUR"),
        expect("cost_per_mql", {"mtd": Fraction(100, 3)}, currency="USD"),
        expect("cost_per_sql", {"mtd": 300}, currency="EUR"),
        expect("cost_per_sql", {"mtd": 50}, currency="USD"),
        expect("cost_per_customer", {"mtd": 600}, currency="EUR"),
        expect("cost_per_customer", {"mtd": 100}, currency="USD"),
        expect("campaign_cost_per_lead", {"mtd": 120}, campaign="spring", currency="EUR"),
        expect("campaign_cost_per_mql", {"mtd": 200}, campaign="spring", currency="EUR"),
        expect("campaign_cost_per_sql", {"mtd": 300}, campaign="spring", currency="EUR"),
        expect("campaign_cost_per_customer", {"mtd": 600}, campaign="spring", currency="EUR"),
        expect("customer_acquisition_cost", {"mtd": 1_000}, currency="EUR"),
        expect("customer_acquisition_cost", {"mtd": 100}, currency="USD"),
        expect("campaign_roi", {"mtd": 3}, campaign="spring", currency="EUR"),
        expect("channel_roi", {"mtd": 3}, channel="search", currency="EUR"),
        expect("romi", {"mtd": Fraction(23, 25)}, currency="EUR"),
        expect("romi", {"mtd": -1}, currency="USD"),
    ),
)

NOBODY_CAME = Example(
    title="Spend without new leads or customers",
    explains=("cost_per_lead", "campaign_cost_per_lead", "customer_acquisition_cost", "campaign_roi"),
    as_of=_END,
    given=(spend("2026-03-31 09:00", "ads", 60_000, "EUR", "media", "2026-03-01", "2026-03-31", campaign_id="spring"),),
    arithmetic="By 0 leads and 0 customers: no sample. The return on the campaign has one: (0 - 600) / 600 = -1.",
    expected=(
        expect("cost_per_lead", {"mtd": None}, currency="EUR"),
        expect("campaign_cost_per_lead", {"mtd": None}, campaign="spring", currency="EUR"),
        expect("customer_acquisition_cost", {"mtd": None}, currency="EUR"),
        expect("campaign_roi", {"mtd": -1}, campaign="spring", currency="EUR"),
    ),
)

VELOCITY = Example(
    title="Three ways to see MQLs grow",
    explains=("lead_velocity_rate",),
    as_of="2026-03-15 12:00",
    given=(
        each(4, stage("mql", "2026-01-20 09:00", "jan")),
        each(3, stage("mql", "2026-02-03 09:00", "feb")),
        each(2, stage("mql", "2026-02-20 09:00", "late-feb")),
        each(4, stage("mql", "2026-03-05 09:00", "mar")),
        each(2, stage("mql", "2026-03-15 09:00", "today")),
    ),
    arithmetic=(
        "Closed: February 3 + 2 = 5 after January 4: (5 - 4) / 4 = 0.25. Paced: the 14 full days of March 4, without "
        "today, after the first 14 of February 3: (4 - 3) / 3 = 1/3. Rolling: February 14 to March 15: 2 + 4 + 2 = 8, "
        "after January 15 to February 13: 4 + 3 = 7: 1/7."
    ),
    expected=(
        expect("lead_velocity_rate", Fraction(1, 4), basis="closed"),
        expect("lead_velocity_rate", Fraction(1, 3), basis="paced"),
        expect("lead_velocity_rate", Fraction(1, 7), basis="rolling"),
    ),
)

FIRST_DAY = Example(
    title="On the 1st there is no paced value",
    explains=("lead_velocity_rate", "stage_entries"),
    as_of="2026-03-01 12:00",
    given=(
        each(2, stage("mql", "2026-01-10 09:00", "jan")),
        each(3, stage("mql", "2026-02-10 09:00", "feb")),
        stage("mql", "2026-03-01 09:00", "mar"),
    ),
    arithmetic=(
        "March has no full day: no paced sample, and no `prev_month_to_date` at all. Closed: (3 - 2) / 2 = 0.5. "
        "Rolling: January 31 to March 1: 3 + 1 = 4, after January 1 to 30: 2: (4 - 2) / 2 = 1."
    ),
    expected=(
        expect("lead_velocity_rate", Fraction(1, 2), basis="closed"),
        expect("lead_velocity_rate", None, basis="paced"),
        expect("lead_velocity_rate", 1, basis="rolling"),
        expect(
            "stage_entries", {"mtd": 1, "prev_month_to_date": None}, funnel_stage="mql", source="none", campaign="none"
        ),
    ),
)

RESPONSES = Example(
    title="25 of 10 000",
    explains=("response_rate", "reach"),
    as_of="2026-03-15 12:00",
    given=(
        reach("2026-03-11 06:00", "r1", "2026-03-10", "impressions", 9_000, channel="social", campaign_id="spring"),
        reach("2026-03-12 06:00", "r1", "2026-03-10", "impressions", 10_000, channel="social", campaign_id="spring"),
        reach("2026-03-11 06:00", "r2", "2026-03-10", "responses", 25, channel="social", campaign_id="spring"),
        reach("2026-03-11 06:00", "r3", "2026-03-10", "responses", 3, channel="fair", campaign_id="expo"),
        reach("2026-03-11 06:00", "r4", "2026-02-10", "web_sessions", 500),
    ),
    arithmetic=(
        "The newer record r1 replaces the older: 10 000 impressions. 25 / 10 000 = 0.0025. Expo has responses and no "
        "impressions: no sample. Web sessions count on their day, February 10, not when they were recorded."
    ),
    expected=(
        expect(
            "reach",
            {"7d": 10_000, "mtd": 10_000, "prev_month": 0},
            kind="impressions",
            channel="social",
            campaign="spring",
        ),
        expect("reach", {"7d": 25, "mtd": 25, "prev_month": 0}, kind="responses", channel="social", campaign="spring"),
        expect("reach", {"7d": 3, "mtd": 3, "prev_month": 0}, kind="responses", channel="fair", campaign="expo"),
        expect("reach", {"7d": 0, "mtd": 0, "prev_month": 500}, kind="web_sessions", channel="none", campaign="none"),
        expect("response_rate", {"7d": Fraction(1, 400), "mtd": Fraction(1, 400)}, campaign="spring"),
        expect("response_rate", {"7d": None, "mtd": None}, campaign="expo"),
    ),
)

MARKETING = (TO_MQL, COSTS, NOBODY_CAME, VELOCITY, FIRST_DAY, RESPONSES)
