"""Where a change of the numbers is written."""

import pytest

from stream_app.core import deltas
from stream_app.core.calendar import Calendar
from stream_app.core.deltas import Bucketizer
from stream_app.core.facts import Delta
from stream_app.core.windows import HOUR_MS, MINUTE_MS
from stream_app.spec.metric import Kind, Metric
from stream_app.spec.window import Grain, Window

DAY_MS = 24 * HOUR_MS
AT = 20_000 * DAY_MS + 5 * HOUR_MS + 7 * MINUTE_MS + 3
DECLARED = (
    Metric(name="all", kind=Kind.FLOW, definition="-", windows=(Window.M5, Window.H24, Window.D30)),
    Metric(name="daily", kind=Kind.FLOW, definition="-", windows=(Window.MTD,)),
    Metric(name="level", kind=Kind.LEVEL, definition="-"),
    Metric(name="due", kind=Kind.DUE, definition="-"),
)
BUCKETIZER = Bucketizer(DECLARED, Calendar("UTC"))
MINUTE, HOUR, DAY = AT // MINUTE_MS, AT // HOUR_MS, 20_000


def test_a_flow_is_written_in_the_grains_of_its_windows() -> None:
    cells = BUCKETIZER.cells([(("all", "a"), AT, 2), (("all", "a"), AT + 1, 3), (("daily",), AT, 1)])
    assert cells.buckets == {
        (Grain.MINUTE, MINUTE): {"all\x1fa": 5},
        (Grain.HOUR, HOUR): {"all\x1fa": 5},
        (Grain.DAY, DAY): {"all\x1fa": 5, "daily": 1},
    }
    assert not cells.levels
    assert not cells.due


def test_days_are_those_of_the_business_time_zone() -> None:
    late = 20_000 * DAY_MS + 23 * HOUR_MS
    cells = Bucketizer(DECLARED, Calendar("Europe/Berlin")).cells([(("daily",), late, 1)])
    assert list(cells.buckets) == [(Grain.DAY, 20_001)]


def test_buckets_that_are_no_longer_kept_are_not_written() -> None:
    newest = {Grain.MINUTE: MINUTE + 180, Grain.HOUR: HOUR + 3, Grain.DAY: DAY}
    assert BUCKETIZER.cells([(("all",), AT, 1)], newest).buckets.keys() == {(Grain.HOUR, HOUR), (Grain.DAY, DAY)}
    kept = BUCKETIZER.cells([(("all",), AT + MINUTE_MS, 1)], newest).buckets
    assert (Grain.MINUTE, MINUTE + 1) in kept
    much_newer = {Grain.MINUTE: MINUTE + 50_000, Grain.HOUR: HOUR + 216, Grain.DAY: DAY + 9}
    assert BUCKETIZER.cells([(("all",), AT, 1)], much_newer).buckets.keys() == {(Grain.DAY, DAY)}


def test_a_level_changes_now_and_on_its_day() -> None:
    delta: Delta = [(("level", "a"), AT, 2), (("level", "a"), AT + DAY_MS, -3), (("level", "b"), AT, 1)]
    cells = BUCKETIZER.cells(delta)
    assert cells.levels == {"level\x1fa": -1, "level\x1fb": 1}
    assert cells.level_changes == {DAY: {"level\x1fa": 2, "level\x1fb": 1}, DAY + 1: {"level\x1fa": -3}}
    assert not cells.buckets


def test_a_change_that_moves_to_another_day_leaves_the_level_alone() -> None:
    cells = BUCKETIZER.cells([(("level",), AT, -1), (("level",), AT - DAY_MS, 1)])
    assert not cells.levels
    assert cells.level_changes == {DAY: {"level": -1}, DAY - 1: {"level": 1}}


def test_changes_of_a_level_that_cancel_out_on_a_day_are_not_written() -> None:
    cells = BUCKETIZER.cells([(("level",), AT, -1), (("level",), AT + 1, 1)])
    assert not cells.levels
    assert not cells.level_changes


def test_series_that_were_forgotten_are_written_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deltas, "_MOST_KNOWN", 1)
    bucketizer = Bucketizer(DECLARED, Calendar("UTC"))
    delta: Delta = [(("daily", "a"), AT, 1), (("daily", "b"), AT, 2), (("level",), AT, 3)]
    for _ in range(3):
        cells = bucketizer.cells(delta)
        assert cells.buckets == {(Grain.DAY, DAY): {"daily\x1fa": 1, "daily\x1fb": 2}}
        assert cells.levels == {"level": 3}


def test_a_due_time_is_set_moved_or_removed() -> None:
    added, moved, removed = ("due", "added"), ("due", "moved"), ("due", "removed")
    cells = BUCKETIZER.cells([(added, 5, 1), (moved, 5, -1), (moved, 6, 1), (removed, 5, -1)])
    assert cells.due == {added: 5, moved: 6}
    assert cells.no_longer_due == {removed}


def test_a_due_time_that_came_and_went_in_one_batch_is_not_written() -> None:
    cells = BUCKETIZER.cells([(("due", "a"), 5, 1), (("due", "a"), 5, -1)])
    assert not cells.due
    assert not cells.no_longer_due
