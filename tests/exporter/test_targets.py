"""What `targets.toml` may say, and what is said of one that is wrong."""

from pathlib import Path

import pytest

from stream_app.clients.toml_file import ConfigurationError
from stream_app.core.targets import Period, PeriodTarget, Targets
from stream_app.exporter.targets import read_targets
from stream_app.exporter.wall import HELD, held_for
from stream_app.monitoring.dashboards import WALL
from stream_app.spec.window import Grain

TILES = "new_leads, reopened_leads, mqls, sqls, new_customers, click_rate, mrr"


def read(directory: Path, text: str) -> Targets:
    """What a file with this text says."""
    path = directory / "targets.toml"
    path.write_text(text, "utf-8")
    return read_targets(path, WALL)


def problems(directory: Path, text: str) -> list[str]:
    """What is wrong with a file with this text, without its name."""
    with pytest.raises(ConfigurationError) as error:
        read(directory, text)
    return [each.removeprefix(f"{directory / 'targets.toml'}") for each in error.value.problems]


def test_these_tiles_may_have_targets() -> None:
    assert ", ".join(WALL.measured) == TILES


def test_each_tile_has_a_goal_and_a_period(tmp_path: Path) -> None:
    text = """
        mqls = {goal = 400, period = "month"}
        click_rate = {goal = 0.05, period = "quarter"}
        [mrr]
        EUR = {goal = 4_500_000, period = "year"}
        JPY = {goal = 2_000_000_000, period = "quarter"}
    """
    assert read(tmp_path, text) == {
        ("mqls", ""): PeriodTarget(400, Period.MONTH),
        ("click_rate", ""): PeriodTarget(0.05, Period.QUARTER),
        ("mrr", "EUR"): PeriodTarget(4_500_000, Period.YEAR),
        ("mrr", "JPY"): PeriodTarget(2_000_000_000, Period.QUARTER),
    }


def test_an_empty_file_sets_no_target(tmp_path: Path) -> None:
    assert read(tmp_path, "") == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[mql]\ngoal = 1\nperiod = "month"', f": [mql]: no such tile; there are {TILES}"),
        ('[mqls]\nperiod = "month"', ": [mqls] goal: is needed"),
        ("[mqls]\ngoal = 4", ": [mqls] period: is needed"),
        ('[mqls]\ngoal = 0\nperiod = "month"', ": [mqls] goal: expected int >= 1"),
        ('[mqls]\ngoal = 4.5\nperiod = "month"', ": [mqls] goal: expected int, got float"),
        ('[mqls]\ngoal = "many"\nperiod = "month"', ": [mqls] goal: expected int, got str"),
        ('[mqls]\ngoal = 4\nperiod = "week"', ": [mqls] period: expected one of month, quarter, year"),
        ('[mqls]\ngoal = 4\nperiod = "month"\nfor = 1', ": [mqls] for: no such key; there may be goal, period"),
        ("mqls = 4", ": [mqls]: expected object, got int"),
        ('[click_rate]\ngoal = 5\nperiod = "month"', ": [click_rate] goal: expected float <= 1.0"),
        ('[mrr]\ngoal = 4\nperiod = "month"', ": [mrr]: expected a table of each currency, as in [mrr.EUR]"),
        ('[mrr.EURO]\ngoal = 4\nperiod = "month"', ": [mrr.EURO]: no currency of ISO 4217; one looks like EUR"),
        ('[mrr.EUR]\ngoal = -4\nperiod = "month"', ": [mrr.EUR] goal: expected int >= 1"),
        ("[mqls", " is no TOML, at end of document"),
    ],
)
def test_what_is_wrong_is_named_by_table_key_and_rule(tmp_path: Path, text: str, problem: str) -> None:
    assert problems(tmp_path, text) == [problem]


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    text = '[mqls]\ngoal = 4\n[mrr.EUR]\nperiod = "year"\n[sqls]\ngoal = 0\nperiod = "year"'
    found = [": [mqls] period: is needed", ": [mrr.EUR] goal: is needed", ": [sqls] goal: expected int >= 1"]
    assert problems(tmp_path, text) == found


def test_the_days_of_the_longest_period_are_held() -> None:
    month, year = PeriodTarget(1, Period.MONTH), PeriodTarget(1, Period.YEAR)
    assert held_for({}) == HELD
    assert held_for({("mqls", ""): month, ("sqls", ""): year}) == {**HELD, Grain.DAY: 366}
