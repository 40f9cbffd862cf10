"""Time that passes on weekdays only."""

from stream_app.audit.business_time import BusinessTime, instant_ms

HOUR_MS = 3_600_000


def test_time_to_follow_up_passes_on_weekdays_of_the_business_zone() -> None:
    berlin = BusinessTime("Europe/Berlin")
    for begun, hours, due in [
        # A Friday at 18:00: six hours on Friday, the rest on Monday.
        ("2026-03-13T18:00:00+01:00", 24, "2026-03-16T18:00:00+01:00"),
        # Just used up when the weekend begins.
        ("2026-03-13T18:00:00+01:00", 6, "2026-03-14T00:00:00+01:00"),
        # A Saturday: begins on Monday.
        ("2026-03-14T10:00:00+01:00", 1, "2026-03-16T01:00:00+01:00"),
        # Friday to Monday over the change to summer time.
        ("2026-03-27T12:00:00+01:00", 24, "2026-03-30T12:00:00+02:00"),
        # Seven weekdays: that Friday, the week from the 16th, the Monday of the 23rd.
        ("2026-03-13T00:00:00+01:00", 7 * 24, "2026-03-24T00:00:00+01:00"),
    ]:
        assert berlin.after_weekdays(instant_ms(begun), hours * HOUR_MS) == instant_ms(due), begun
