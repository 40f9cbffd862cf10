"""Thresholds that an installation sets: for all, for a program, for a currency. promtool plays them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from stream_app.monitoring.alerts import ALERTING
from stream_app.monitoring.thresholds import DEFAULTS, THRESHOLDS
from stream_app.render.catalog import Rendered
from stream_app.render.dashboards import dashboards
from stream_app.render.rules import rules
from stream_app.spec.threshold import Override, Thresholds
from tests.monitoring.alerts.judging import BY_NAME, judged
from tests.monitoring.alerts.stories import STORIES
from tests.monitoring.alerts.story import Story, file
from tests.monitoring.alerts.tools import run
from tests.render.house import CATALOG

ODD_NAME = 'it\'s "50 % off" (EU) \\ {all} $1 ${2}'


def rendered(values: dict[str, float], *overrides: Override) -> Rendered:
    """The rules and dashboards of an installation that sets these."""
    own = Thresholds({**DEFAULTS.values, **values}, overrides)
    catalog = replace(CATALOG, alerting=replace(ALERTING, thresholds=own))
    return rules(catalog) | dashboards(catalog)


WELCOME_31 = Override((("program", "welcome"),), {"overdue": 31})
OVERDUE = BY_NAME["NurtureStepOverdue fires when more than a quarter is overdue for an hour"]


@pytest.mark.parametrize(
    ("values", "overrides", "fires"),
    [
        ({"overdue": 30}, [], True),
        ({"overdue": 31}, [], False),
        ({}, [Override((("program", "welcome"),), {"overdue": 31})], False),
        ({"overdue": 31}, [Override((("program", "welcome"),), {"overdue": 30})], True),
        ({}, [Override((("program", "goodbye"),), {"overdue": 31})], True),
        ({"overdue": 31}, [Override((("program", "goodbye"),), {"overdue": 30})], False),
        ({}, [Override((("program", ODD_NAME),), {"overdue": 31})], True),
        ({}, [Override((("program", "welcome"), ("step", "guide")), {"overdue": 31})], False),
        ({}, [Override((("program", "welcome"), ("step", "hello")), {"overdue": 31})], True),
        ({}, [Override((("program", "goodbye"), ("step", "guide")), {"overdue": 31})], True),
        ({}, [WELCOME_31, Override((("program", "welcome"), ("step", "guide")), {"overdue": 30})], True),
        ({}, [WELCOME_31, Override((("program", "welcome"), ("step", "hello")), {"overdue": 30})], False),
    ],
    ids=[
        "30",
        "31",
        "welcome 31",
        "31, welcome 30",
        "goodbye 31",
        "31, goodbye 30",
        "odd 31",
        "guide 31",
        "hello 31",
        "of another",
        "guide 30",
        "hello 30",
    ],
)
def test_a_program_is_judged_by_its_own_threshold(
    tmp_path: Path, values: dict[str, float], overrides: list[Override], *, fires: bool
) -> None:
    story = OVERDUE if fires else replace(OVERDUE, firing=None)
    assert judged(tmp_path, story, rendered(values, *overrides)) == ""


def test_a_program_whose_name_needs_quoting_has_its_own_threshold(tmp_path: Path) -> None:
    quoted = json.dumps(ODD_NAME)
    series = {name.replace('"welcome"', quoted): values for name, values in OVERDUE.series.items()}
    story = replace(OVERDUE, series=series, firing=None)
    assert judged(tmp_path, story, rendered({}, Override((("program", ODD_NAME),), {"overdue": 31}))) == ""
    assert judged(tmp_path / "other", story, rendered({}))


@pytest.mark.parametrize("name", ["LargeMrrLoss", "BounceRateHigh", "NurtureDropoutSurge"])
def test_a_threshold_out_of_reach_lets_nothing_fire(tmp_path: Path, name: str) -> None:
    story = next(each for each in BY_NAME.values() if each.alert == name and each.firing is not None)
    out_of_reach = dict.fromkeys(("large_loss", "bounces", "dropouts"), 10**9)
    labels = dict(each.split("=") for each in (story.firing or "").strip("{}").split(", "))
    label = "currency" if "currency" in labels else "program"
    override = Override(((label, json.loads(labels[label])),), out_of_reach)
    assert judged(tmp_path / "as shipped", story, rendered({})) == ""
    assert judged(tmp_path / "own", replace(story, firing=None), rendered({}, override)) == ""


# Every value differs from its default, so that each mark that is filled in can be seen.
DOUBLED = {name: 2 * each for name, each in DEFAULTS.values.items()}


@pytest.mark.slow
@pytest.mark.parametrize(("group", "stories"), STORIES.items(), ids=STORIES)
def test_overrides_of_others_change_no_story(tmp_path: Path, group: str, stories: tuple[Story, ...]) -> None:
    files = rendered({}, Override((("program", "elsewhere"),), DOUBLED), Override((("currency", "XTS"),), DOUBLED))
    for path, text in files.items():
        written = tmp_path / path
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(text, "utf-8")
    (tmp_path / "prometheus/tests").mkdir()
    for step in sorted({story.step for story in stories}):
        played = tmp_path / f"prometheus/tests/{step}.yml"
        played.write_text(file(group, step, [story for story in stories if story.step == step]), "utf-8")
        code, said = run("promtool", "test", "rules", played)
        assert code == 0, said


def test_every_mark_is_filled_in() -> None:
    files = rendered({}, Override((("program", "welcome"),), DOUBLED), Override((("currency", "EUR"),), DOUBLED))
    assert not [path for path, text in files.items() if "<<" in text]


@pytest.mark.parametrize("name", THRESHOLDS)
def test_every_threshold_changes_a_rule(name: str) -> None:
    before, after = rendered({}), rendered({name: DOUBLED[name]})
    assert [path for path in before if before[path] != after[path] and path.startswith("prometheus/rules/")]


def test_the_description_names_the_threshold_of_the_program() -> None:
    text = rendered({"overdue_share": 0.3}, Override((("program", "welcome"),), {"overdue_share": 0.4}))
    chosen = r"more than {{ if eq $labels.program \"welcome\" }}40%{{ else }}30%{{ end }}, for an hour"
    assert chosen in text["prometheus/rules/steps.yml"]


def test_a_panel_changes_color_at_the_threshold_that_is_set() -> None:
    steps = json.loads(rendered({"bounce_rate": 0.07})["grafana/dashboards/email.json"])
    found = [
        step["value"]
        for panel in steps["panels"]
        for step in panel.get("fieldConfig", {}).get("defaults", {}).get("thresholds", {}).get("steps", ())
    ]
    assert 0.07 in found
    assert 0.05 not in found
