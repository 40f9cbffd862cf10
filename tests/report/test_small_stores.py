"""Reports of stores with nothing, little, or nothing any more."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from stream_app.cli.reports import report_reader
from stream_app.clients.connections import sync_redis
from stream_app.clients.settings import Settings
from stream_app.core.calendar import day_of
from stream_app.report.document import Report
from stream_app.report.markdown import markdown
from stream_app.report.page import page
from stream_app.report.period import NoPeriodError, period
from tests.monitoring.dashboards.store_content import apply

TODAY = day_of(date(2026, 10, 4))


@pytest.fixture
def settings(redis_url: str) -> Settings:
    return Settings.load(redis_url=redis_url, namespace=f"t{uuid4().hex[:12]}")


def read(settings: Settings, month: str, today: int = TODAY) -> Report:
    with sync_redis(settings) as redis:
        return report_reader(settings, redis).read(period(month, today), today)


def leads(*times: str) -> Iterator[tuple[str, bytes]]:
    for number, time in enumerate(times):
        about = {"specversion": "1.0", "id": f"e{number}", "source": "/t", "type": "lead.created", "time": time}
        yield "lead", json.dumps({**about, "data": {"lead_id": f"L{number}", "source": "web"}}).encode()


def add(settings: Settings, *times: str) -> None:
    last = datetime.fromisoformat(times[-1]).astimezone(UTC)
    apply(settings, leads(*times), int(last.timestamp() * 1000))


def test_an_empty_store_has_nothing_to_report(settings: Settings) -> None:
    report = read(settings, "2026-09")
    said = "There is nothing to report: the store has no event of September 2026, and nothing from before it."
    assert report.notes == [said]
    assert report.sections == []
    assert said in markdown(report)
    assert said in page(report)


def test_three_days_are_reported_as_three_days(settings: Settings) -> None:
    add(settings, "2026-09-28T10:00:00Z", "2026-09-29T10:00:00Z", "2026-09-30T10:00:00Z")
    report = read(settings, "2026-09")
    assert report.notes == [
        "The store has nothing of August 2026: nothing can be compared with the month before.",
        "The store has nothing of September 2025: nothing can be compared with a year before.",
        "The store begins on 28 September 2026: 3 days are reported.",
    ]
    answers = {answer.question: answer for section in report.sections for answer in section.answers}
    assert len(answers) == 10
    nothing = "nothing to compare with in August 2026; nothing to compare with in September 2025"
    assert f"New leads: 3; {nothing}." in answers["How many MQLs?"].sentences
    assert answers["How many MQLs?"].chart is None
    programs = answers["Which programs are most effective?"]
    assert programs.sentences == ["Nothing is ranked: no program has 20 enrollments in 90 days."]
    speed = answers["How fast do leads convert?"].sentences
    assert speed[0] == "Median time from lead to MQL: too little for a number."
    assert "New leads: 3" in page(report)


def test_spend_of_days_before_the_first_event_is_no_begin(settings: Settings) -> None:
    about = {"specversion": "1.0", "id": "s1", "source": "/t", "type": "spend.recorded"}
    data = {"spend_id": "s1", "period_start": "2026-09-01", "period_end": "2026-09-30", "kind": "media"}
    money = {"amount_minor": 300_00, "currency": "EUR", "channel": "ads"}
    spend = {**about, "time": "2026-09-29T09:00:00Z", "data": {**data, **money}}
    events = [("spend", json.dumps(spend).encode()), *leads("2026-09-29T10:00:00Z")]
    apply(settings, events, int(datetime(2026, 9, 30, tzinfo=UTC).timestamp() * 1000))
    assert read(settings, "2026-09").notes[-1] == "The store begins on 29 September 2026: 2 days are reported."


def test_what_may_still_change_is_said_while_it_may(settings: Settings) -> None:
    add(settings, "2026-09-02T10:00:00Z", "2026-09-20T10:00:00Z")
    soon, later = (read(settings, "2026-09", day_of(day)) for day in (date(2026, 10, 4), date(2027, 1, 10)))
    cautions = [
        [each for section in report.sections for answer in section.answers for each in answer.cautions]
        for report in (soon, later)
    ]
    said = "The leads of the last 30 days can still become MQL; the last of it is known in 27 days."
    assert said in cautions[0]
    assert not [each for each in cautions[1] if "still" in each]


def test_a_month_that_runs_is_compared_with_the_same_days(settings: Settings) -> None:
    add(settings, "2026-09-02T10:00:00Z", "2026-09-20T10:00:00Z", "2026-10-01T10:00:00Z", "2026-10-04T10:00:00Z")
    report = read(settings, "2026-10")
    assert report.notes[0] == (
        "The month is still running: 1 to 3 October 2026 is compared with the same days of earlier months, "
        "1 to 3 September 2026 and 1 to 3 October 2025."
    )
    mqls = report.sections[0].answers[3].sentences
    assert mqls[1].startswith("New leads: 1; as before: 1 over 1 to 3 September 2026;")


def test_a_month_that_is_no_longer_kept_is_refused(settings: Settings) -> None:
    add(settings, "2023-01-10T10:00:00Z", "2026-10-01T10:00:00Z")
    with pytest.raises(NoPeriodError, match=r"2023-01 is no longer kept: the store keeps 800 days"):
        read(settings, "2023-01")
