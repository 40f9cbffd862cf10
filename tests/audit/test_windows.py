"""Where windows begin and end, in zones whose days are not those of UTC."""

import pytest

from tests.audit.stories import Event, counted, happened, spread


def leads_at(*times: str) -> list[Event]:
    return [happened("lead.created", time, lead_id=f"lead-{number}") for number, time in enumerate(times)]


def in_windows(times: list[str], as_of: str, timezone: str = "UTC") -> dict[str, float]:
    return {
        key[3]: value for key, value in spread(counted(leads_at(*times), as_of, timezone=timezone), "new_leads").items()
    }


def test_a_window_is_the_running_bucket_and_the_full_ones_before() -> None:
    times = [
        "2026-03-12T12:34:59.999Z",  # later than now, in the running minute: counts
        "2026-03-12T12:35:00Z",  # the next minute, the same hour
        "2026-03-12T12:30:00Z",  # the first of five minutes
        "2026-03-12T12:29:59.999Z",
        "2026-03-12T11:35:00Z",  # the first of sixty minutes
        "2026-03-12T11:34:59.999Z",
        "2026-03-11T13:00:00Z",  # the first of 24 hours
        "2026-03-11T12:59:59.999Z",
        "2026-03-05T13:00:00Z",  # the first of 168 hours
        "2026-03-05T12:59:59.999Z",
    ]
    windows = in_windows(times, "2026-03-12T12:34:10Z")
    assert windows == {"5m": 2, "1h": 4, "24h": 7, "7d": 9, "30d": 10, "mtd": 10}


def test_month_windows_at_the_end_of_march() -> None:
    times = [
        "2026-01-31T23:59:59.999Z",
        "2026-02-01T00:00:00Z",
        "2026-02-28T23:59:59.999Z",
        "2026-03-01T00:00:00Z",
        "2026-03-02T00:00:00Z",  # the first of 30 days up to the 31st
        "2026-03-31T23:59:59.999Z",
    ]
    windows = in_windows(times, "2026-03-31T10:00:00Z")
    # The last lead comes later today: not in the running hour. 30 full days of March want 30 of February, which has 28.
    assert windows == {"30d": 2, "mtd": 3, "prev_month": 2, "prev_month_to_date": 2}


def test_on_the_first_there_is_no_part_of_the_previous_month() -> None:
    windows = in_windows(
        ["2025-12-01T12:00:00Z", "2025-12-31T12:00:00Z", "2026-01-01T00:30:00Z"], "2026-01-01T01:00:00Z"
    )
    assert windows == {"1h": 1, "24h": 2, "7d": 2, "30d": 2, "mtd": 1, "prev_month": 2}


def test_on_the_second_it_is_one_day() -> None:
    windows = in_windows(["2025-12-01T12:00:00Z", "2025-12-02T00:00:00Z"], "2026-01-02T01:00:00Z")
    assert windows["prev_month_to_date"] == 1


def test_year_end_in_new_york() -> None:
    # 2026 begins in New York at 05:00 UTC.
    times = ["2026-01-01T04:59:59.999Z", "2026-01-01T05:00:00Z"]
    assert in_windows(times, "2026-01-01T05:10:00Z", "America/New_York") == {
        "1h": 2,
        "24h": 2,
        "7d": 2,
        "30d": 2,
        "mtd": 1,
        "prev_month": 1,
    }


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        ("2026-03-08", "2026-03-08T05:00:00Z", "2026-03-09T03:59:59.999Z"),  # 23 hours: clocks go forward
        ("2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T04:59:59.999Z"),  # 25 hours: clocks go back
    ],
)
def test_days_of_23_and_25_hours(day: str, first: str, last: str) -> None:
    spent = happened(
        "spend.recorded",
        last,
        spend_id="x",
        amount_minor=100,
        currency="USD",
        kind="media",
        period_start=day,
        period_end=day,
    )
    before = leads_at(first.replace("00:00Z", "00:00.000Z"), last)
    samples = counted([*before, spent], last, timezone="America/New_York")
    assert {key[3]: value for key, value in spread(samples, "new_leads").items()}["mtd"] == 2
    assert {key[5]: value for key, value in spread(samples, "spend").items()}["mtd"] == 1.0


def test_the_23_hour_day_belongs_to_the_right_month_end() -> None:
    # October 2026 ends in New York at 04:00 UTC on November 1st, before the clocks go back.
    times = ["2026-11-01T03:59:59.999Z", "2026-11-01T04:00:00Z"]
    windows = in_windows(times, "2026-11-02T12:00:00Z", "America/New_York")
    assert (windows["prev_month"], windows["mtd"]) == (1, 1)


def test_months_in_kolkata_begin_at_half_past() -> None:
    times = ["2026-02-28T18:29:59.999Z", "2026-02-28T18:30:00Z"]
    windows = in_windows(times, "2026-03-01T00:00:00Z", "Asia/Kolkata")
    assert (windows["prev_month"], windows["mtd"]) == (1, 1)


def test_a_day_without_midnight_begins_when_the_clock_has_jumped() -> None:
    # In Beirut the clock went from 23:59 on March 28th to 01:00 on the 29th, at 22:00 UTC.
    times = ["2026-03-28T21:59:59.999Z", "2026-03-28T22:00:00Z"]
    reached = happened("reach.recorded", times[1], reach_id="r", kind="responses", day="2026-03-29", count=7)
    samples = counted([reached, *leads_at(*times)], "2026-03-28T22:30:00Z", timezone="Asia/Beirut")
    # Both are in the 24 hours; the day's reach is dated at 22:00, not an hour later or earlier.
    assert {key[3]: value for key, value in spread(samples, "reach").items()}["24h"] == 7
    assert {key[3]: value for key, value in spread(samples, "new_leads").items()}["24h"] == 2


def test_what_is_no_longer_kept_has_no_sample() -> None:
    times = ["2026-03-12T12:00:30Z", "2026-03-12T09:58:00Z", "2026-03-04T11:00:00Z", "2024-01-03T12:00:00Z"]
    # 180 minutes up to and with 12:00 begin at 09:01: so does the hour of 10:00, that of 09:59 begins before.
    assert in_windows(times, "2026-03-12T10:00:00Z")["24h"] == 1
    assert "1h" not in in_windows(times, "2026-03-12T09:59:00Z")
    assert in_windows([*times, "2026-03-12T09:01:00Z"], "2026-03-12T10:00:00Z")["1h"] == 2
    # 216 hours up to and with 12:00 of March 12th begin on March 3rd at 13:00.
    assert in_windows(times, "2026-03-04T12:00:00Z")["24h"] == 1
    assert "24h" not in in_windows(times, "2026-03-04T11:59:00Z")
    # 800 days up to and with March 12th, 2026 begin on January 3rd, 2024.
    assert in_windows(times, "2024-02-01T12:00:00Z") == {"30d": 1}
    assert in_windows(times, "2024-01-31T12:00:00Z") == {}


def test_milliseconds_are_cut_off_and_offsets_count() -> None:
    times = ["2026-03-12T13:34:59.9999999+01:00", "2026-03-12t12:35:00z"]
    assert in_windows(times, "2026-03-12T12:34:00Z")["5m"] == 1


def test_a_leap_second_is_the_last_millisecond_of_its_minute() -> None:
    times = ["2026-03-12T12:34:60Z", "2026-03-12T13:34:60.25+01:00"]
    assert in_windows(times, "2026-03-12T12:38:00Z")["5m"] == 2
    assert "5m" not in in_windows(times, "2026-03-12T12:39:00Z")
