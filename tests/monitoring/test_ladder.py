"""A step that stalls: first the wall and Grafana say in how many minutes somebody is paged, then somebody is."""

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from stream_app.catalog.metrics import BY_NAME
from stream_app.core.samples import Sample
from stream_app.core.windows import Clock
from stream_app.monitoring.alerts.steps import BLOCKED_IN, NURTURE_STEP_BLOCKED
from stream_app.monitoring.dashboards import WALL
from stream_app.render.evaluation import vector
from stream_app.render.wall import HoldingSince, WallData, wall_values
from stream_app.spec.notification import BusinessHours
from stream_app.spec.window import Grain
from stream_app.spec.working_time import work_calendar
from tests.monitoring.alerts.nurture import BALANCE, DUE, OFFICE, OVERDUE, exits
from tests.monitoring.alerts.stories import ROOT
from tests.monitoring.alerts.story import FRESH, Story, flat, missing, seconds
from tests.monitoring.alerts.tools import run
from tests.monitoring.story_on_page import context_of

# Each minute one falls due; in the first hour each of them advances at once, and then none does.
STALL = Story(
    alert="NurtureStepBlocked",
    name="",
    at="95m",
    begins=OFFICE,
    series={
        DUE: flat(60, 121),
        OVERDUE: f"{flat(0, 60)} 1+1x60",
        BALANCE: flat(200, 121),
        exits("5m"): f"{flat(5, 60)} {flat(0, 61)}",
        exits("1h"): f"{flat(60, 60)} 59-1x59",
    },
)
LABELS = '{program="welcome", step="guide"}'
PAGED = 'count by (alertstate) (ALERTS{alertname="NurtureStepBlocked"})'
STEP = (("program", "welcome"), ("step", "guide"))

# At 0:55 the last one advances, as the window of five minutes tells; from 1:09 on ten are overdue. After 35 minutes
# without any, at 1:30, the step is blocked.
MINUTES_LEFT = {"60m": None, "68m": None, "69m": 21, "80m": 10, "89m": 1, "90m": None}


@pytest.mark.parametrize(("at", "left"), MINUTES_LEFT.items())
def test_the_page_says_in_how_many_minutes_a_step_is_blocked(at: str, left: int | None) -> None:
    assert NURTURE_STEP_BLOCKED.soon
    assert vector(NURTURE_STEP_BLOCKED.soon.minutes, context_of(STALL, at)) == ({STEP: left} if left else {})


@pytest.mark.parametrize(("at", "blocked"), [("89m", False), ("90m", True), ("95m", True)])
def test_the_page_says_blocked_only_when_none_has_advanced_for_long(at: str, *, blocked: bool) -> None:
    assert (STEP in vector(NURTURE_STEP_BLOCKED.instant, context_of(STALL, at))) is blocked


@pytest.mark.parametrize(
    ("hours", "holds"),
    [
        (BusinessHours(), True),
        (BusinessHours(holidays=("01-01",)), False),
        (BusinessHours(begin="11:00"), False),
        (BusinessHours(timezone="America/New_York"), False),
        (BusinessHours(days=("monday",)), False),
    ],
)
@pytest.mark.parametrize("at", ["80m", "95m"])
def test_the_page_knows_hours_and_holidays_of_the_installation(at: str, hours: BusinessHours, *, holds: bool) -> None:
    """It is about half past ten UTC on Thursday, 1 January, and the step has no past weeks."""
    assert NURTURE_STEP_BLOCKED.soon
    ladder = (NURTURE_STEP_BLOCKED.soon.minutes, NURTURE_STEP_BLOCKED.instant)
    context = replace(context_of(STALL, at), work=work_calendar(hours))
    assert any(vector(each, context) for each in ladder) is holds


def test_a_step_in_which_few_stay_is_not_stalled() -> None:
    """Of sixty an hour every fifth stays: in half an hour these are not half of an hour's."""
    series = STALL.series | {OVERDUE: f"{flat(20, 60)} 20.2+0.2x60", exits("1h", "timeout"): flat(48, 121)}
    story = Story(alert="", name="", at="75m", begins=OFFICE, series=series)
    assert NURTURE_STEP_BLOCKED.soon
    assert vector(NURTURE_STEP_BLOCKED.soon.minutes, context_of(story)) == {}


def test_prometheus_says_it_within_a_minute_of_the_page(tmp_path: Path) -> None:
    """A minute less, because promtool scrapes the window of five minutes at its very end."""
    seconds_left = {"68m": None, "69m": 20 * 60, "80m": 9 * 60, "88m": 60, "89m": 0, "95m": 0}
    states = {"88m": None, "90m": "pending", "92m": "firing"}
    played = {
        "rule_files": [str(ROOT / "prometheus/rules/steps.yml")],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": series, "values": f"{missing(540)} {values}"}
                    for series, values in ({FRESH: flat(1, 121)} | STALL.series).items()
                ],
                "promql_expr_test": [
                    *(_expected(at, BLOCKED_IN, BLOCKED_IN + LABELS, left) for at, left in seconds_left.items()),
                    *(
                        _expected(at, PAGED, f'{{alertstate="{state}"}}', 1 if state else None)
                        for at, state in states.items()
                    ),
                ],
            }
        ],
    }
    path = tmp_path / "stall.yml"
    path.write_bytes(orjson.dumps(played))  # JSON is YAML
    code, said = run("promtool", "test", "rules", path)
    assert code == 0, said


def _expected(at: str, expression: str, labels: str, value: int | None) -> dict[str, object]:
    samples = [] if value is None else [{"labels": labels, "value": value}]
    return {"expr": expression, "eval_time": f"{seconds(OFFICE) // 60 + int(at[:-1])}m", "exp_samples": samples}


def blocked(overdue: int, at_s: int, since: HoldingSince) -> list[tuple[dict[str, str], int]]:
    """What the wall says of steps of which none has advanced for a day: which, and in how many minutes it pages."""
    at_work = seconds(OFFICE) + at_s
    samples = [
        Sample("lifecycle_step_overdue", STEP, overdue),
        Sample("lifecycle_step_balance", STEP, 20),
        Sample("lifecycle_step_exits", (*STEP, ("outcome", "advanced"), ("window", "24h")), 0),
    ]
    data = WallData(
        samples=samples,
        buckets={grain: {} for grain in Grain},
        clock=Clock(at_work * 1000, 0, 0, 0),
        metrics=BY_NAME,
        since=since,
    )
    panels = wall_values(WALL, data, {})["panels"].values()
    (found,) = (
        each["found"] for panel in panels for each in panel[""].get("conditions", ()) if each["tag"] == "BLOCKED"
    )
    return [(each["labels"], each["minutes"]) for each in found]


def test_the_wall_counts_the_time_that_an_alert_waits() -> None:
    since: HoldingSince = {}
    assert blocked(9, 0, since) == []
    assert blocked(15, 10, since) == [(dict(STEP), 2)]
    assert blocked(15, 69, since) == [(dict(STEP), 2)]
    assert blocked(15, 70, since) == [(dict(STEP), 1)]
    assert blocked(15, 130, since) == [(dict(STEP), 0)]
    assert blocked(9, 140, since) == []
    assert blocked(15, 150, since) == [(dict(STEP), 2)]
