"""promtool plays every story against the rules; and against rules without what makes them safeguard."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from stream_app.monitoring.alerts import ALERTING
from stream_app.render.rules import rules
from stream_app.spec.metric import PREFIX
from tests.monitoring.alerts.stories import ROOT, STORIES, files
from tests.monitoring.alerts.story import FRESH, Story, file, seconds
from tests.monitoring.alerts.tools import run
from tests.render.house import CATALOG

ALERTS = {alert.name: group.name for group in ALERTING.groups for alert in group.alerts}
BUSINESS = [alert.name for group in ALERTING.groups if group.area != "pipeline" for alert in group.alerts]
BY_NAME = {f"{story.alert} {story.name}": story for stories in STORIES.values() for story in stories}

# What promtool takes longest for, most of it weeks of minutes.
LONG = {
    *("convert-1h", "convert-1m", "enrollments-1h", "events-1h", "expand-1h"),
    *("pipeline-1m", "sources-1h", "steps-1m", "steps-5m"),
}


def test_the_stories_stand_in_the_files() -> None:
    there = {path: path.read_text("utf-8") for path in (ROOT / "prometheus/tests").iterdir()}
    assert there == files(), "run `python -m tests.monitoring.alerts`"


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=path.stem, marks=[pytest.mark.slow] if path.stem in LONG else []) for path in files()],
)
def test_promtool_accepts_every_story(path: Path) -> None:
    code, said = run("promtool", "test", "rules", path)
    assert code == 0, said


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_has_a_story_in_which_it_fires(alert: str) -> None:
    assert [story for story in BY_NAME.values() if story.alert == alert and story.firing is not None]


@pytest.mark.parametrize("alert", sorted(ALERTS.keys() - {"Watchdog"}))
def test_every_alert_has_a_story_in_which_it_must_not_fire(alert: str) -> None:
    assert [story for story in BY_NAME.values() if story.alert == alert and story.firing is None]


@pytest.mark.parametrize("alert", BUSINESS)
def test_every_business_alert_has_a_story_of_stale_data(alert: str) -> None:
    assert BY_NAME[f"{alert} stays quiet while the data is stale"].firing is None


# The alerts about the pipeline name the instance.
@pytest.mark.slow
@pytest.mark.parametrize("group", sorted({ALERTS[alert] for alert in BUSINESS}))
def test_a_second_exporter_changes_no_business_alert(group: str, tmp_path: Path) -> None:
    by_step: dict[str, list[Story]] = {}
    for story in _shortest(STORIES[group]):
        by_step.setdefault(story.step, []).append(replace(story, series=_exported_twice(story.series)))
    for step, stories in by_step.items():
        directory = tmp_path / step
        directory.mkdir()
        assert outcome(directory, group, stories, "groups:", "groups:") == ""


def _shortest(stories: Iterable[Story]) -> list[Story]:
    """For each alert the shortest story in which it fires, and in which fresh data must not let it fire."""
    fresh = [story for story in stories if FRESH not in story.series]
    return [
        min(same, key=lambda story: seconds(story.at) // seconds(story.step))
        for alert in {story.alert: None for story in fresh}
        for fires in (True, False)
        if (same := [story for story in fresh if story.alert == alert and (story.firing is not None) == fires])
    ]


def _exported_twice(series: dict[str, str]) -> dict[str, str]:
    """What is scraped of two exporters, which say the same."""
    business = {name: values for name, values in series.items() if name.startswith((PREFIX, FRESH))}
    return series | {_of_instance(name, "second"): values for name, values in business.items()}


def _of_instance(series: str, instance: str) -> str:
    name, _, labels = series.removesuffix("}").partition("{")
    return f'{name}{{{labels}{", " if labels else ""}instance="{instance}"}}'


def test_a_story_belongs_to_the_group_of_its_alert() -> None:
    assert {(group, story.alert) for group, stories in STORIES.items() for story in stories} == {
        (group, alert) for alert, group in ALERTS.items()
    }
    assert len(BY_NAME) == sum(map(len, STORIES.values()))


def outcome(tmp_path: Path, group: str, stories: list[Story], safeguard: str, replacement: str) -> str:
    """Play stories of one step against a group of rules in which something is written differently."""
    text = rules(CATALOG)[f"prometheus/rules/{group}.yml"]
    assert safeguard in text
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / f"{group}.yml").write_text(text.replace(safeguard, replacement), "utf-8")
    (tmp_path / "tests").mkdir()
    played = tmp_path / "tests" / "stories.yml"
    played.write_text(file(group, stories[0].step, stories), "utf-8")
    code, said = run("promtool", "test", "rules", played)
    assert code in {0, 1}, said
    assert "FAILED" in said or code == 0, said
    return said if code else ""


STALE = {
    (group, story.step): [
        each
        for each in stories
        if each.step == story.step and each.firing is None and each.name == "stays quiet while the data is stale"
    ]
    for group, stories in STORIES.items()
    for story in stories
    if story.name == "stays quiet while the data is stale"
}


@pytest.mark.slow
@pytest.mark.parametrize(("group", "step"), STALE)
def test_without_the_freshness_guard_stale_data_fires_alerts(tmp_path: Path, group: str, step: str) -> None:
    stories = STALE[group, step]
    said = outcome(tmp_path, group, stories, f"({FRESH} == 1)", f"({FRESH} >= 0)")
    assert {story.alert for story in stories if f'\\"{story.alert}\\"' in said} == {story.alert for story in stories}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "safeguard", "replacement"),
    [
        (
            "NurtureStepBlocked stays quiet at night when all that fell due has left long ago",
            ">= 0.5 * max",
            ">= 0 * max",
        ),
        (
            "NurtureStepBlocked stays quiet after a restart of Prometheus that missed what advanced",
            "[30m:5m]) >= 6",
            "[30m:5m]) >= 1",
        ),
        (
            "NurtureStepBlocked stays quiet on a weekend like the one before",
            "program_step:lifecycle_step_advanced:same_hours > 0",
            "program_step:lifecycle_step_advanced:same_hours >= 0",
        ),
        (
            "NurtureStepBlocked stays quiet outside the hours of work while no past weeks are known",
            "* 60 + minute()) >= 540",
            "* 60 + minute()) >= 0",
        ),
        (
            "NurtureStepBlocked stays quiet in the evening after the clocks were changed",
            "min by (program, step) (max by (program, step, change)",
            "max by (program, step) (max by (program, step, change)",
        ),
        ("NurtureStepBlocked stays quiet when history is imported", "<= 2 * max", "<= 99 * max"),
        ("NurtureStepBlocked stays quiet when fewer than ten fell due", ":growth >= 10", ":growth >= 5"),
        (
            "NurtureStepSilent stays quiet when those who advanced are in another step that waits seven days",
            "program:lifecycle_step_unplaced:diff24h >= 7",
            "program:lifecycle_step_unplaced:diff24h >= 0",
        ),
        (
            "NurtureDropoutSurge stays quiet when a blast lets more of everything happen",
            "> 2 * (",
            "> 0 * (",
        ),
        (
            "ProgramStoppedEnrolling stays quiet when one of the weeks had a bulk import",
            "quantile by (program, window) (0.5,",
            "quantile by (program, window) (0.9,",
        ),
        (
            "ProgramStoppedEnrolling stays quiet in the hour by which the clocks were changed",
            "min_over_time(program_window:",
            "max_over_time(program_window:",
        ),
        (
            "ProgramStoppedEnrolling stays quiet until three weeks are known",
            "same_hours) >= 3",
            "same_hours) >= 1",
        ),
        (
            "StepConservationBroken stays quiet about those who were under way when it all began",
            "- min_over_time(program_step:lifecycle_step_unmatched_exits:diff30d[1d])",
            "- 0",
        ),
        (
            "MachineOpenShareJump stays quiet on a weekend like the one before",
            "(program:lifecycle_machine_opens:ratio24h offset 1w) <= 0.2",
            "(program:lifecycle_machine_opens:ratio24h offset 1w) < -9",
        ),
        (
            "BounceRateHigh stays quiet at 2 of 20 on a quiet night",
            'window="24h"})) >= 10',
            'window="24h"})) >= 1',
        ),
        (
            "ClicksZeroAfterSend stays quiet on the weekend after a blast on Friday",
            "offset 3d",
            "offset 1d",
        ),
        (
            "LeadVelocityNegative stays quiet when four weeks ago was the same month",
            "day_of_month() <= 26",
            "day_of_month() <= 31",
        ),
        (
            "GrossMrrChurnHigh stays quiet while the month before has not ended everywhere",
            "time() - 43200",
            "time() - 0",
        ),
        (
            "LargeMrrLoss stays quiet when one of sixty equal customers leaves",
            'window="24h"})) >= 1000',
            'window="24h"})) >= 0',
        ),
        (
            "MrrAtRiskRising stays quiet in the wave of failed cards that every month brings",
            "[3w] offset 2w",
            "[1h] offset 2w",
        ),
        (
            "EventsStale stays quiet after a restart of Prometheus",
            "(pipeline:stream_app_data_fresh:min offset 1h) == 1",
            "pipeline:stream_app_data_fresh:min == 1",
        ),
        (
            "DeadLetterRatioHigh stays quiet after a restart of Prometheus",
            "and on (job, instance) (up offset 15m == 1)",
            "and on (job, instance) (up == 1)",
        ),
        (
            "EventsLost stays quiet after a restart of Prometheus",
            "and on (job, instance) (up offset 15m == 1)",
            "and on (job, instance) (up == 1)",
        ),
        ("ExporterDown stays quiet during a restart", "for: 2m", "for: 30s"),
        ("KafkaUnreachable stays quiet during a rebalance", "for: 5m", "for: 1m"),
    ],
)
def test_without_its_safeguard_an_alert_fires_in_a_story_that_has_none(
    tmp_path: Path, name: str, safeguard: str, replacement: str
) -> None:
    story = BY_NAME[name]
    assert story.firing is None
    assert f'\\"{story.alert}\\"' in outcome(tmp_path, ALERTS[story.alert], [story], safeguard, replacement)
