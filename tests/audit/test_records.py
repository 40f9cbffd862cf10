"""Spend, reach and surveys: records that are replaced as a whole."""

from tests.audit.stories import Event, counted, happened, number, spread

NOON = "2026-03-12T12:00:00Z"
UNLABELED = {"program": "none", "channel": "none", "campaign": "none"}


def spent(time: str, amount: int, start: str, end: str, **data: object) -> Event:
    given = {"spend_id": "x", "amount_minor": amount, "currency": "EUR", "kind": "media", **data}
    return happened("spend.recorded", time, **given, period_start=start, period_end=end)


def test_spend_is_spread_by_day_with_the_remainder_first() -> None:
    samples = counted([spent("2026-03-12T08:00:00Z", 1000, "2026-02-27", "2026-03-04")], NOON)
    # 1000 over 6 days: 167 167 167 167 166 166, of which two in February.
    labels = {"currency": "EUR", "kind": "media", **UNLABELED}
    assert number(samples, "spend", **labels, window="prev_month") == 3.34
    assert number(samples, "spend", **labels, window="mtd") == 6.66
    assert number(samples, "spend", **labels, window="30d") == 10.0


def test_days_that_are_still_to_come_are_not_spent() -> None:
    samples = counted([spent("2026-03-01T08:00:00Z", 3100, "2026-03-01", "2026-03-31")], NOON)
    assert number(samples, "spend", currency="EUR", kind="media", **UNLABELED, window="mtd") == 12.0


def test_the_newest_record_replaces_the_whole() -> None:
    samples = counted(
        [
            spent("2026-03-12T09:00:00Z", 500, "2026-03-02", "2026-03-02", kind="event", program_id="p"),
            spent("2026-03-12T08:00:00Z", 1000, "2026-03-01", "2026-03-04"),
        ],
        NOON,
    )
    assert spread(samples, "spend") == {
        ("none", "none", "EUR", "event", "p", "30d"): 5.0,
        ("none", "none", "EUR", "event", "p", "mtd"): 5.0,
    }


def test_reach_is_dated_at_the_first_instant_of_its_local_day() -> None:
    record = {"reach_id": "r", "kind": "impressions", "channel": "paid"}
    samples = counted(
        [
            happened("reach.recorded", "2026-03-11T08:00:00Z", **record, day="2026-03-11", count=10),
            happened("reach.recorded", "2026-03-12T08:00:00Z", **record, day="2026-03-11", count=25, campaign_id="c"),
        ],
        # The 11th began in Kolkata on the 10th at 18:30 UTC, in the hour of 18:00.
        "2026-03-11T17:59:00Z",
        timezone="Asia/Kolkata",
    )
    labels = {"kind": "impressions", "channel": "paid", "campaign": "c"}
    # 24 hours back from the running 17:00 begin on the 10th at 18:00.
    assert number(samples, "reach", **labels, window="24h") == 25
    assert number(samples, "reach", **labels, window="mtd") == 25


def test_an_hour_later_the_day_has_left_the_24_hours() -> None:
    reached = happened(
        "reach.recorded", "2026-03-11T08:00:00Z", reach_id="r", kind="responses", day="2026-03-11", count=10
    )
    samples = counted([reached], "2026-03-11T18:00:00Z", timezone="Asia/Kolkata")
    labels = {"kind": "responses", "channel": "none", "campaign": "none"}
    assert number(samples, "reach", **labels, window="24h") == 0
    assert number(samples, "reach", **labels, window="7d") == 10


def test_a_respondent_answers_once_with_the_newest() -> None:
    scores = {"a": [3, 10], "b": [9], "c": [8], "d": [6], "e": [0]}
    samples = counted(
        [
            happened(
                "survey.responded", f"2026-03-{day:02}T08:00:00Z", respondent_id=who, survey_id=f"q{day}", score=score
            )
            for who, answers in scores.items()
            for day, score in enumerate(answers, start=1)
        ],
        NOON,
    )
    assert {key[:2]: value for key, value in spread(samples, "nps_responses").items() if key[2] == "90d"} == {
        ("promoter", "none"): 2,
        ("passive", "none"): 1,
        ("detractor", "none"): 2,
    }


def test_whole_numbers_may_be_written_as_fractions() -> None:
    record = spent("2026-03-12T08:00:00Z", 0, "2026-03-01", "2026-03-04", amount_minor=1002.0)
    samples = counted([record], "2026-03-01T12:00:00Z")
    # 1002 over 4 days is 251 251 250 250; only the 1st has come.
    assert number(samples, "spend", currency="EUR", kind="media", **UNLABELED, window="mtd") == 2.51
