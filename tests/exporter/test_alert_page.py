"""The page behind an alert says where its condition holds and where it soon will."""

import re
from typing import Any

from redis import Redis

from stream_app.clients.http import Request
from stream_app.core.calendar import Calendar
from stream_app.core.recent_days import RecentDays
from stream_app.exporter.detail.details import Details
from stream_app.exporter.wall import Current
from stream_app.monitoring.alerts.steps import NURTURE_STEP_BLOCKED

ALERT = NURTURE_STEP_BLOCKED.alert


def items(redis: Redis, condition: dict[str, Any]) -> list[str]:
    """The items and paragraphs of the page while the wall has found this of the condition."""
    shown = {"name": ALERT.name, "title": "Blocked", "foundText": "overdue", "okText": "None is blocked", **condition}
    values = {"panels": {"1": {"": {"conditions": [shown]}}}}
    no_days = RecentDays(days=range(0), buckets={}, levels={}, level_changes={})
    details = Details(
        redis=redis,
        namespace="none",
        calendar=Calendar(),
        clock=lambda: 0,
        known={},
        alerts={ALERT.name: ALERT},
        current=lambda: Current(values, {}, [], no_days),
        crm_link="",
        token="",
    )
    page = details.routes()["/detail/alert"](Request({}, f"name={ALERT.name}"))
    return re.findall(r"<(?:li|p)>(.*?)</(?:li|p)>", page.body.decode())[:-1]


def test_what_holds_stands_before_what_is_about_to(redis: Redis) -> None:
    guide, hello = ({"program": "welcome", "step": step} for step in ("guide", "hello"))
    soon = {"title": "Stalled", "tag": "stalled", "found": [{"labels": hello, "minutes": 12.0}]}
    found = [{"labels": guide, "value": 40.0, "minutes": 0}]
    assert items(redis, {"found": found, "soon": soon}) == [
        '<a href="/detail/step?program=welcome&amp;step=guide">welcome / guide</a>: 40 overdue',
        '<a href="/detail/step?program=welcome&amp;step=hello">welcome / hello</a>: stalled, pages in 12 min',
    ]


def test_a_condition_that_holds_nowhere_says_so(redis: Redis) -> None:
    assert items(redis, {"found": []}) == ["None is blocked"]
