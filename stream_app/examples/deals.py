"""Opportunities, what they book, and the customers they make."""

from fractions import Fraction

from stream_app.examples.events import deal, deletion, expect, invoice, item, subscription
from stream_app.spec.example import Example

_NOW = "2026-03-15 12:00"
_ORIGIN = {"source": "web", "channel": "search", "campaign_id": "spring"}
_SPRING = {"source": "web", "channel": "search", "campaign": "spring"}
_NOWHERE = {"source": "none", "channel": "none", "campaign": "none"}

QUARTER = Example(
    title="Five opportunities",
    explains=("opportunities", "bookings", "open_pipeline", "new_customers", "upsell_share"),
    as_of=_NOW,
    given=(
        deal("created", "2026-02-20 09:00", "o1", "acme", "new_business", 1_200_000, "EUR", **_ORIGIN),
        deal("won", "2026-03-10 09:00", "o1", "acme", "new_business", 1_000_000, "EUR", **_ORIGIN),
        deal("created", "2026-03-12 09:00", "o2", "acme", "upsell", 250_000, "EUR"),
        deal("won", "2026-03-14 15:00", "o2", "acme", "upsell", 250_000, "EUR"),
        deal("created", "2026-03-05 09:00", "o3", "bolt", "new_business", 500_000, "EUR"),
        deal("lost", "2026-03-09 09:00", "o3", "bolt", "new_business", 500_000, "EUR"),
        deal("created", "2026-03-11 09:00", "o4", "bolt", "new_business", 800_000, "EUR"),
        deal("changed", "2026-03-13 09:00", "o4", "bolt", "new_business", 700_000, "EUR"),
        deal("created", "2026-02-10 09:00", "o5", "cirrus", "cross_sell", 250_000, "EUR"),
        deal("won", "2026-02-25 09:00", "o5", "cirrus", "cross_sell", 250_000, "EUR"),
    ),
    arithmetic=(
        "Created this month: new business o3 + o4 = 2, upsell 1; in February: new business 1, cross-sell 1, of which "
        "before the 15th only the cross-sell. Won this month: o1 with its newest amount 10 000, o2 with 2 500; in "
        "February o5 with 2 500. Lost: o3. Open: o4 with its newest amount, 7 000. Acme became a customer on March 10;"
        " bolt won nothing and cirrus no new business. Upsell and cross-sell: this month 2 500 / 12 500 = 0.2; in 30 "
        "days (since February 14) (2 500 + 2 500) / 15 000 = 1/3; in February 2 500 / 2 500 = 1."
    ),
    expected=(
        expect(
            "opportunities",
            {"24h": 0, "mtd": 2, "prev_month": 1, "prev_month_to_date": 0},
            state="created",
            kind="new_business",
        ),
        expect("opportunities", {"24h": 0, "mtd": 1, "prev_month": 0}, state="created", kind="upsell"),
        expect(
            "opportunities", {"mtd": 0, "prev_month": 1, "prev_month_to_date": 1}, state="created", kind="cross_sell"
        ),
        expect("opportunities", {"24h": 0, "mtd": 1}, state="won", kind="new_business"),
        expect("opportunities", {"24h": 1, "mtd": 1}, state="won", kind="upsell"),
        expect("opportunities", {"mtd": 0, "prev_month": 1, "prev_month_to_date": 0}, state="won", kind="cross_sell"),
        expect("opportunities", {"24h": 0, "mtd": 1}, state="lost", kind="new_business"),
        expect(
            "bookings", {"mtd": 10_000, "prev_month": 0, "30d": 10_000}, currency="EUR", kind="new_business", **_SPRING
        ),
        expect("bookings", {"mtd": 2_500, "prev_month": 0, "30d": 2_500}, currency="EUR", kind="upsell", **_NOWHERE),
        expect(
            "bookings", {"mtd": 0, "prev_month": 2_500, "30d": 2_500}, currency="EUR", kind="cross_sell", **_NOWHERE
        ),
        expect("open_pipeline", 7_000, currency="EUR", kind="new_business"),
        expect(
            "new_customers", {"24h": 0, "7d": 1, "30d": 1, "mtd": 1, "prev_month": 0}, source="web", campaign="spring"
        ),
        expect("upsell_share", {"mtd": Fraction(1, 5), "30d": Fraction(1, 3), "prev_month": 1}, currency="EUR"),
    ),
)

OVERTURNED = Example(
    title="A lost opportunity that is won in the end",
    explains=("opportunities", "bookings", "open_pipeline"),
    as_of=_NOW,
    given=(
        deal("created", "2026-02-27 09:00", "o1", "acme", "new_business", 5_000, "JPY"),
        deal("lost", "2026-02-28 09:00", "o1", "acme", "new_business", 5_000, "JPY"),
        deal("won", "2026-03-05 09:00", "o1", "acme", "new_business", 5_000, "JPY"),
        deal("won", "2026-03-07 09:00", "o1", "acme", "new_business", 6_000, "JPY"),
    ),
    arithmetic=(
        "The newest outcome is won, so the loss of February no longer counts; it is dated at the first win, March 5. "
        "The amount is the newest: 6 000 yen, a currency without decimals. Nothing is open."
    ),
    expected=(
        expect("opportunities", {"mtd": 1, "prev_month": 0}, state="won", kind="new_business"),
        expect("opportunities", {"mtd": 0, "prev_month": 1}, state="created", kind="new_business"),
        expect("opportunities", {"mtd": 0, "prev_month": 0}, state="lost", kind="new_business"),
        expect("bookings", {"mtd": 6_000, "prev_month": 0}, currency="JPY", kind="new_business", **_NOWHERE),
        expect("open_pipeline", None, currency="JPY", kind="new_business"),
    ),
)

REOPENED = Example(
    title="Two won opportunities that are reopened",
    explains=("opportunities", "bookings", "open_pipeline", "new_customers"),
    as_of=_NOW,
    given=(
        deal("created", "2026-02-20 09:00", "o1", "acme", "new_business", 1_000_000, "EUR", **_ORIGIN),
        deal("won", "2026-02-25 09:00", "o1", "acme", "new_business", 1_000_000, "EUR", **_ORIGIN),
        deal("reopened", "2026-03-05 09:00", "o1", "acme", "new_business", 800_000, "EUR", **_ORIGIN),
        deal("created", "2026-02-10 09:00", "o2", "bolt", "new_business", 300_000, "EUR"),
        deal("won", "2026-02-12 09:00", "o2", "bolt", "new_business", 300_000, "EUR"),
        deal("reopened", "2026-02-20 09:00", "o2", "bolt", "new_business", 300_000, "EUR"),
        deal("won", "2026-03-04 09:00", "o2", "bolt", "new_business", 300_000, "EUR"),
        deal("won", "2026-03-06 09:00", "o2", "bolt", "new_business", 310_000, "EUR"),
    ),
    arithmetic=(
        "Acme's is open again, with its newest amount 8 000: the win of February is taken back, with its booking and "
        "the customer. Bolt's is won again: dated at the first win after the reopening, March 4, with its newest "
        "amount 3 100; bolt is a customer since then. Both were created in February."
    ),
    expected=(
        expect("opportunities", {"mtd": 0, "prev_month": 2}, state="created", kind="new_business"),
        expect("opportunities", {"mtd": 1, "prev_month": 0}, state="won", kind="new_business"),
        expect("bookings", {"mtd": 3_100}, currency="EUR", kind="new_business", **_NOWHERE),
        expect("open_pipeline", 8_000, currency="EUR", kind="new_business"),
        expect("new_customers", {"mtd": 1}, source="none", campaign="none"),
    ),
)

DELETED = Example(
    title="Two deleted opportunities, one of which comes back",
    explains=("opportunities", "bookings", "open_pipeline", "new_customers"),
    as_of=_NOW,
    given=(
        deal("created", "2026-03-02 09:00", "o1", "acme", "new_business", 500_000, "EUR"),
        deal("won", "2026-03-04 09:00", "o1", "acme", "new_business", 500_000, "EUR"),
        deletion("2026-03-06 09:00", "o1", "acme"),
        deal("created", "2026-03-03 09:00", "o2", "bolt", "new_business", 200_000, "EUR"),
        deletion("2026-03-05 09:00", "o2", "bolt"),
        deal("changed", "2026-03-08 09:00", "o2", "bolt", "new_business", 250_000, "EUR"),
    ),
    arithmetic=(
        "Acme's is deleted: neither created nor won, no booking, no customer. Bolt's was changed after its deletion, "
        "which therefore says nothing: created on March 3, and open with its newest amount, 2 500."
    ),
    expected=(
        expect("opportunities", {"mtd": 1, "prev_month": 0}, state="created", kind="new_business"),
        expect("opportunities", {"mtd": 0, "prev_month": 0}, state="won", kind="new_business"),
        expect("bookings", {"mtd": None}, currency="EUR", kind="new_business", **_NOWHERE),
        expect("open_pipeline", 2_500, currency="EUR", kind="new_business"),
        expect("new_customers", {"mtd": None}, source="none", campaign="none"),
    ),
)

BECOMING = Example(
    title="Won first or paying first",
    explains=("new_customers", "customers"),
    as_of=_NOW,
    given=(
        deal("won", "2026-02-20 09:00", "o1", "acme", "new_business", 120_000, "EUR", **_ORIGIN),
        subscription("started", "2026-03-01 09:00", "acme", item(10_000), currency="EUR"),
        subscription("started", "2026-03-03 09:00", "bolt", item(10_000), currency="EUR"),
        deal("won", "2026-03-08 09:00", "o2", "bolt", "new_business", 120_000, "EUR", **_ORIGIN),
        deal("won", "2026-03-04 09:00", "o3", "cirrus", "upsell", 9_000, "EUR", **_ORIGIN),
    ),
    arithmetic=(
        "Acme: won on February 20, before it paid: a customer of February, credited to the opportunity. Bolt: paid on "
        "March 3, before it was won: a customer of March, credited to nothing. Cirrus: an upsell makes no customer. "
        "Paying now: 2."
    ),
    expected=(
        expect("new_customers", {"mtd": 0, "prev_month": 1}, source="web", campaign="spring"),
        expect("new_customers", {"mtd": 1, "prev_month": 0}, source="none", campaign="none"),
        expect("customers", 2),
    ),
)

INVOICES = Example(
    title="Two invoices, one paid at the third attempt",
    explains=("invoices",),
    as_of=_NOW,
    given=(
        invoice("payment_failed", "2026-03-13 09:00", "i1", "acme"),
        invoice("payment_failed", "2026-03-14 14:00", "i1", "acme"),
        invoice("paid", "2026-03-15 09:00", "i1", "acme"),
        invoice("paid", "2026-03-15 10:00", "i2", "acme"),
    ),
    arithmetic=(
        "Failed: one invoice, at its first failure on March 13, so 0 in 24 hours and 1 this month. Paid: 2, both today."
    ),
    expected=(
        expect("invoices", {"24h": 0, "7d": 1, "mtd": 1}, state="failed"),
        expect("invoices", {"24h": 2, "7d": 2, "mtd": 2}, state="paid"),
    ),
)

DEALS = (QUARTER, OVERTURNED, REOPENED, DELETED, BECOMING, INVOICES)
