"""Days and months of the business time zone, and labels beyond the limit."""

from stream_app.examples.events import each, expect, item, lead, reach, subscription
from stream_app.spec.example import Example

_UNKNOWN = {"source": "unknown", "channel": "none", "campaign": "none"}

SUMMER_TIME = Example(
    title="New York: March begins in winter time and ends in summer time",
    explains=("new_leads",),
    as_of="2026-04-10 12:00",
    timezone="America/New_York",
    given=(
        lead("created", "2026-03-01 04:59", "february"),
        lead("created", "2026-03-01 05:00", "first"),
        lead("created", "2026-03-08 06:59", "before-the-change"),
        lead("created", "2026-03-08 07:00", "after-the-change"),
        lead("created", "2026-04-01 03:59", "last"),
        lead("created", "2026-04-01 04:00", "april"),
    ),
    arithmetic=(
        "March 1 begins at 05:00 UTC (winter), April 1 at 04:00 UTC (summer). The change is on March 8 at 07:00 UTC, "
        "in the middle of a day of 23 hours. March: first, before, after, last = 4; its first 9 days, as many as April"
        " has completed: 3. April 1. 30 days begin on March 12: last + april = 2."
    ),
    expected=(expect("new_leads", {"mtd": 1, "prev_month": 4, "prev_month_to_date": 3, "30d": 2}, **_UNKNOWN),),
)

WINTER_TIME = Example(
    title="New York: a day of 25 hours is longer than 24h",
    explains=("new_leads",),
    as_of="2025-11-03 04:45",
    timezone="America/New_York",
    given=(lead("created", "2025-11-02 04:30", "early"),),
    arithmetic=(
        "It is 23:45 on November 2 in New York; the lead came at 00:30 of the same day, 24 hours and a quarter ago, "
        "because the clock was put back. 24h begins at 05:00 UTC: 0. The day counts whole in this month: 1."
    ),
    expected=(expect("new_leads", {"24h": 0, "7d": 1, "mtd": 1, "30d": 1}, **_UNKNOWN),),
)

KOLKATA = Example(
    title="Kolkata: the month begins at 18:30 UTC",
    explains=("new_leads", "reach", "mrr_opening", "mrr_movement"),
    as_of="2026-03-15 12:00",
    timezone="Asia/Kolkata",
    given=(
        lead("created", "2026-02-28 18:29", "february"),
        lead("created", "2026-02-28 18:30", "march"),
        reach("2026-03-02 06:00", "r1", "2026-03-01", "web_visitors", 7),
        subscription("started", "2026-02-28 18:29", "old", item(20_000), currency="INR"),
        subscription("started", "2026-02-28 18:30", "new", item(10_000), currency="INR"),
    ),
    arithmetic=(
        "March 1 begins at 18:30 UTC on February 28 (+05:30). One lead and 200 rupees of MRR are of February, one lead"
        " and 100 of March, which opened with 200. The visitors of March 1 are of March."
    ),
    expected=(
        expect("new_leads", {"mtd": 1, "prev_month": 1}, **_UNKNOWN),
        expect("reach", {"mtd": 7, "prev_month": 0}, kind="web_visitors", channel="none", campaign="none"),
        expect("mrr_opening", {"mtd": 200, "prev_month": 0}, currency="INR"),
        expect("mrr_movement", {"mtd": 100, "prev_month": 200}, currency="INR", movement="new"),
    ),
)

NEW_YEAR = Example(
    title="January looks back on December",
    explains=("new_leads",),
    as_of="2026-01-31 12:00",
    given=(
        lead("created", "2025-11-30 23:59", "november"),
        lead("created", "2025-12-30 12:00", "december-30"),
        lead("created", "2025-12-31 12:00", "december-31"),
        lead("created", "2026-01-01 00:00", "new-year"),
    ),
    arithmetic=(
        "December: 2. January has completed 30 days; the first 30 of December hold 1. January 1. 30 days begin on "
        "January 2: 0."
    ),
    expected=(expect("new_leads", {"mtd": 1, "prev_month": 2, "prev_month_to_date": 1, "30d": 0}, **_UNKNOWN),),
)

SHORT_MONTH = Example(
    title="The last day of March has more days behind it than February had",
    explains=("new_leads",),
    as_of="2026-03-31 12:00",
    given=(
        lead("created", "2026-02-01 00:00", "february-1"),
        lead("created", "2026-02-28 23:59", "february-28"),
        lead("created", "2026-03-01 00:00", "march-1"),
    ),
    arithmetic="30 full days of March, but February has only 28: all of it, 2. This month 1. 30d begins on March 2: 0.",
    expected=(expect("new_leads", {"mtd": 1, "prev_month": 2, "prev_month_to_date": 2, "30d": 0}, **_UNKNOWN),),
)

OTHER = Example(
    title="Combinations beyond the limit are summed into other",
    explains=("new_leads",),
    as_of="2026-03-15 12:00",
    series_limit=2,
    given=(
        each(3, lead("created", "2026-03-10 09:00", "a", campaign_id="spring")),
        each(2, lead("created", "2026-03-10 09:00", "b", campaign_id="summer")),
        lead("created", "2026-03-10 09:00", "c", campaign_id="autumn"),
        lead("created", "2026-03-10 09:00", "d", campaign_id="winter"),
    ),
    arithmetic=(
        "With a limit of two the combinations with the largest flow in 30 days stay, spring 3 and summer 2; autumn 1 + "
        "winter 1 = 2 are summed into other, in all three labels."
    ),
    expected=(
        expect("new_leads", {"mtd": 3}, source="unknown", channel="none", campaign="spring"),
        expect("new_leads", {"mtd": 2}, source="unknown", channel="none", campaign="summer"),
        expect("new_leads", {"mtd": 2}, source="other", channel="other", campaign="other"),
    ),
)

BUSINESS_DAYS = (SUMMER_TIME, WINTER_TIME, KOLKATA, NEW_YEAR, SHORT_MONTH, OTHER)
