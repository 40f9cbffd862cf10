"""Business hours and holidays of `alerts.toml` in the rule of a blocked step. promtool plays them from 1970 on."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stream_app.alerting.configuration import AlertSettings
from stream_app.cli.rendering import installed_catalog
from stream_app.monitoring.thresholds import DEFAULTS
from stream_app.render.catalog import Rendered
from stream_app.render.rules import rules
from stream_app.spec.notification import AS_SHIPPED, BusinessHours, Links
from stream_app.spec.working_time import WORKING_TIME, is_holiday, is_working_time, recordings, work_calendar
from tests.lanes import slow
from tests.monitoring.alerts.judging import BY_NAME, judged
from tests.monitoring.alerts.story import Story
from tests.monitoring.alerts.tools import run

BLOCKED = BY_NAME["NurtureStepBlocked fires when enrollments fall due and none advances"]
USUALLY_ADVANCES = BY_NAME["NurtureStepBlocked fires at an hour in which it advanced a week before"]


def rendered(hours: BusinessHours | None) -> Rendered:
    """The rules of an installation with these hours."""
    notification = (
        AS_SHIPPED
        if hours is None
        else type(AS_SHIPPED)(receivers=AS_SHIPPED.receivers, routes=AS_SHIPPED.routes, business_hours=hours)
    )
    return rules(installed_catalog(AlertSettings(DEFAULTS, Links(), notification)))


BERLIN = BusinessHours(timezone="Europe/Berlin")


@pytest.mark.parametrize(
    ("hours", "ends", "fires"),
    [
        (BERLIN, "8h", True),
        (BusinessHours(timezone="Pacific/Auckland"), "2h30m", True),
        (BusinessHours(days=("saturday", "sunday")), "12h", False),
        # Most of a day of minutes takes promtool long.
        *slow(
            [
                (None, "16h30m", True),
                # 16:30 UTC is 17:30 in winter and 18:30 in summer: not at work by both.
                (BERLIN, "16h30m", False),
                (BERLIN, "15h30m", True),
                (BusinessHours(days=("monday", "thursday", "sunday")), "12h", True),
                (BusinessHours(begin="00:00", end="24:00"), "23h50m", True),
            ]
        ),
    ],
)
def test_a_step_without_past_weeks_is_expected_in_business_hours(
    tmp_path: Path, hours: BusinessHours | None, ends: str, *, fires: bool
) -> None:
    story = replace(BLOCKED, begins=_before(ends), firing=BLOCKED.firing if fires else None)
    assert judged(tmp_path, story, rendered(hours)) == ""


def _before(ends: str) -> str:
    """When a story of two and a half hours begins that ends then."""
    hours, _, minutes = ends.removesuffix("m").partition("h")
    begins = int(hours) * 60 + int(minutes or 0) - 150
    return f"{begins}m"


@pytest.mark.parametrize(
    ("story", "holidays", "fires"),
    [
        (BLOCKED, ("12-24/12-26", "01-01"), False),
        # Days of minutes take promtool long.
        *slow(
            [
                (BLOCKED, ("01-02/01-07", "1969-01-01"), True),
                (USUALLY_ADVANCES, ("1970-01-08",), False),
                (USUALLY_ADVANCES, ("1970-01-07", "1970-01-09/1970-01-10"), True),
            ]
        ),
    ],
    ids=["no past weeks", "no past weeks, another day", "past weeks", "past weeks, another day"],
)
def test_nobody_is_woken_on_a_holiday(tmp_path: Path, story: Story, holidays: tuple[str, ...], *, fires: bool) -> None:
    files = rendered(BusinessHours(holidays=holidays))
    assert judged(tmp_path, story if fires else replace(story, firing=None), files) == ""


CALENDARS = {
    "shipped": None,
    "Berlin": BusinessHours(timezone="Europe/Berlin", holidays=("01-06", "1970-01-08/1970-01-09")),
    "New York": BusinessHours(timezone="America/New_York", begin="08:30", end="24:00", holidays=("12-25/12-31",)),
    "Kathmandu": BusinessHours(timezone="Asia/Kathmandu", days=("sunday", "monday", "friday")),
}


@pytest.mark.parametrize("hours", CALENDARS.values(), ids=CALENDARS)
def test_the_rule_is_at_work_when_the_calendar_is(tmp_path: Path, hours: BusinessHours | None) -> None:
    calendar = work_calendar(hours)
    moments = range(0, 9 * 86_400, 900)
    working = [moment for moment in moments if is_working_time(calendar, moment)]
    assert 0 < len(working) < len(moments) / 2
    body = "".join(
        f"      - record: {each.name}\n        expr: |-\n{_indented(each.expr)}\n" for each in recordings(calendar)
    )
    (tmp_path / "rules.yml").write_text(f"groups:\n  - name: x\n    rules:\n{body}")
    tests = "".join(
        f"      - {{expr: 'count({WORKING_TIME})', eval_time: {moment}s, exp_samples: "
        f"[{'{value: 1}' if moment in working else ''}]}}\n"
        for moment in moments
    )
    (tmp_path / "test.yml").write_text(
        "rule_files: [rules.yml]\nevaluation_interval: 15m\ntests:\n  - interval: 15m\n    promql_expr_test:\n" + tests
    )
    code, said = run("promtool", "test", "rules", tmp_path / "test.yml")
    assert code == 0, said[-2000:]


def _indented(expr: str) -> str:
    return "\n".join(f"          {line}" for line in expr.splitlines())


@pytest.mark.parametrize(
    ("moment", "zone", "working"),
    [
        ("2026-06-15 15:59", "Europe/Berlin", True),
        ("2026-06-15 16:00", "Europe/Berlin", False),
        ("2026-12-15 16:00", "Europe/Berlin", False),
        ("2026-12-15 07:00", "Europe/Berlin", True),
        ("2026-06-15 06:30", "Europe/Berlin", False),
        ("2026-06-14 12:00", "Europe/Berlin", False),
        ("2026-06-15 22:30", "Australia/Sydney", True),
        ("2026-06-14 21:30", "Australia/Sydney", False),
        ("2026-06-15 17:59", "UTC", True),
        ("2026-12-25 12:00", "UTC", False),
    ],
)
def test_working_time_is_what_is_at_work_in_summer_and_in_winter(moment: str, zone: str, *, working: bool) -> None:
    then = datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
    hours = BusinessHours(timezone=zone, holidays=("12-25",))
    assert is_working_time(work_calendar(hours), then) == working


@pytest.mark.parametrize(
    ("zone", "day", "holiday"),
    [
        ("America/New_York", "01-07", True),
        ("America/New_York", "01-08", False),
        ("Europe/Berlin", "01-07", False),
        ("Europe/Berlin", "01-08", True),
    ],
)
def test_a_holiday_is_that_of_the_time_zone(zone: str, day: str, *, holiday: bool) -> None:
    """02:30 UTC on the 8th is the evening of the 7th in New York, and the 8th in Berlin."""
    then = datetime(2027, 1, 8, 2, 30, tzinfo=UTC).timestamp()
    assert is_holiday(work_calendar(BusinessHours(timezone=zone, holidays=(day,))), then) == holiday
