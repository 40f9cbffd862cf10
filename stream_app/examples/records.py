"""Spend spread over days, and answers to surveys."""

from fractions import Fraction

from stream_app.examples.events import answer, each, expect, spend
from stream_app.spec.example import Example

_NOW = "2026-03-15 12:00"
_MEDIA = {"kind": "media", "program": "none", "channel": "none", "campaign": "none"}

SPREAD = Example(
    title="100 over three days and two months",
    explains=("spend",),
    as_of=_NOW,
    given=(
        spend("2026-03-02 09:00", "ads", 9_000, "EUR", "media", "2026-02-27", "2026-03-01"),
        spend("2026-03-03 09:00", "ads", 10_000, "EUR", "media", "2026-02-27", "2026-03-01"),
    ),
    arithmetic=(
        "The newer record replaces the older. 10 000 cents / 3 = 3 333, rest 1 to the first day: February 27 33.34, 28"
        " 33.33, March 1 33.33. February 66.67, March 33.33, 30 days 100."
    ),
    expected=(expect("spend", {"prev_month": 66.67, "mtd": 33.33, "30d": 100}, currency="EUR", **_MEDIA),),
)

YEAR_END = Example(
    title="An odd cent at the end of the year",
    explains=("spend",),
    as_of="2026-01-15 12:00",
    given=(spend("2026-01-02 09:00", "ads", 101, "EUR", "media", "2025-12-31", "2026-01-01"),),
    arithmetic="101 cents / 2 = 50, rest 1 to the first day: December 0.51, January 0.50.",
    expected=(expect("spend", {"prev_month": 0.51, "mtd": 0.5, "30d": 1.01}, currency="EUR", **_MEDIA),),
)

LEAP_YEAR = Example(
    title="A February of 29 days",
    explains=("spend",),
    as_of="2028-03-10 12:00",
    given=(spend("2028-03-01 09:00", "ads", 2_900, "EUR", "media", "2028-02-01", "2028-02-29"),),
    arithmetic="1 a day. February 29 days: 29. The last 30 days are February 10 to 29, 20 days, and ten of March: 20.",
    expected=(expect("spend", {"prev_month": 29, "mtd": 0, "30d": 20}, currency="EUR", **_MEDIA),),
)

NPS = Example(
    title="Twenty promoters, five detractors",
    explains=("nps_responses", "nps", "nps_margin"),
    as_of=_NOW,
    given=(
        each(19, answer("2026-03-05 09:00", "fan", 10)),
        each(5, answer("2026-03-05 09:00", "critic", 6)),
        answer("2026-02-01 09:00", "anna", 3),
        answer("2026-03-10 09:00", "anna", 9),
    ),
    arithmetic=(
        "Anna's newest answer counts: promoters 19 + 1 = 20, detractors 5, of 25. NPS 100 x (0.8 - 0.2) = 60. Margin: "
        "the variance of an answer is 0.8 + 0.2 - 0.6^2 = 0.64, of the mean 0.64 / 25 = 0.0256, its root 0.16; 100 x "
        "1.959963984540054 x 0.16 = 31.359423752640864."
    ),
    expected=(
        expect("nps_responses", {"30d": 20, "90d": 20}, class_="promoter", segment="none"),
        expect("nps_responses", {"30d": 5, "90d": 5}, class_="detractor", segment="none"),
        *(expect("nps", 60, segment=segment) for segment in ("all", "none")),
        *(expect("nps_margin", Fraction("31.359423752640864"), segment=segment) for segment in ("all", "none")),
    ),
)

FEW_ANSWERS = Example(
    title="Four answers are too few",
    explains=("nps_responses", "nps", "nps_margin"),
    as_of=_NOW,
    given=(
        answer("2026-03-05 09:00", "one", 10),
        answer("2026-03-05 09:00", "two", 9),
        answer("2026-03-05 09:00", "three", 7),
        answer("2025-12-16 09:00", "four", 0),
        answer("2025-12-15 09:00", "five", 0),
    ),
    arithmetic=(
        "90 days reach back to December 16: promoters 2, passive 1, detractor 1; the answer of December 15 is "
        "outside. 4 answers are fewer than 5: no sample."
    ),
    expected=(
        expect("nps_responses", {"30d": 2, "90d": 2}, class_="promoter", segment="none"),
        expect("nps_responses", {"30d": 1, "90d": 1}, class_="passive", segment="none"),
        expect("nps_responses", {"30d": 0, "90d": 1}, class_="detractor", segment="none"),
        expect("nps", None, segment="all"),
        expect("nps_margin", None, segment="all"),
    ),
)

SEGMENTS = Example(
    title="Five answers of one segment, three of another",
    explains=("nps_responses", "nps_themes", "nps"),
    as_of=_NOW,
    given=(
        each(4, answer("2026-03-05 09:00", "fan", 10, segment="smb", theme="support")),
        answer("2026-03-05 09:00", "critic", 3, segment="smb", theme="price"),
        each(3, answer("2026-03-05 09:00", "boss", 6, segment="enterprise", theme="price")),
    ),
    arithmetic=(
        "Smb: 4 promoters and 1 detractor of 5: 100 x (0.8 - 0.2) = 60. Enterprise has 3 answers, too few. All: 4 "
        "promoters, 4 detractors: 0. Support: 4 promoters; price: 1 + 3 = 4 detractors."
    ),
    expected=(
        expect("nps_responses", {"30d": 4, "90d": 4}, class_="promoter", segment="smb"),
        expect("nps_responses", {"30d": 1, "90d": 1}, class_="detractor", segment="smb"),
        expect("nps_responses", {"30d": 3, "90d": 3}, class_="detractor", segment="enterprise"),
        expect("nps_themes", {"90d": 4}, theme="support", class_="promoter"),
        expect("nps_themes", {"90d": 4}, theme="price", class_="detractor"),
        expect("nps", 60, segment="smb"),
        expect("nps", 0, segment="all"),
        expect("nps", None, segment="enterprise"),
    ),
)

RECORDS = (SPREAD, YEAR_END, LEAP_YEAR, NPS, FEW_ANSWERS, SEGMENTS)
