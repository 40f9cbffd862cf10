"""Long timelines behave as short ones do, and are encoded as msgpack encodes any list."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_app.catalog.lead.state import Lead, ScoreRow
from stream_app.core import long_timelines, timeline
from stream_app.core.entity import encode_entity
from stream_app.core.timeline import is_next, join

ROWS = st.builds(
    ScoreRow,
    at=st.integers(0, 30),
    order=st.just(""),
    identity=st.sampled_from("abcdefghijklmnop"),
    score=st.integers(0, 3),
    activity=st.just(""),
)
STEPS = st.lists(st.one_of(ROWS, st.sampled_from(["encode", "forget", "copy"])), max_size=40)
LONG = 4


@pytest.fixture(autouse=True)
def _few_rows_are_long(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (long_timelines, timeline):
        monkeypatch.setattr(module, "LONG", LONG)
    monkeypatch.setattr("stream_app.core.entity.LONG", LONG)
    monkeypatch.setattr(long_timelines, "_MOST_ROWS", 40)
    monkeypatch.setattr(long_timelines, "_known", {})


def _added(rows: list[ScoreRow], row: ScoreRow) -> list[ScoreRow]:
    """The rows in plain words: of one identity the smallest, in order."""
    same = [each for each in rows if each.identity == row.identity]
    return sorted([*(each for each in rows if each not in same), min([*same, row])])


@given(STEPS)
def test_any_steps_leave_what_they_leave_of_a_plain_list(steps: list[ScoreRow | str]) -> None:
    lead, expected = Lead("l"), list[ScoreRow]()
    for step in steps:
        if isinstance(step, ScoreRow):
            is_new = step.identity not in {each.identity for each in expected}
            comes_last = is_new and not (expected and step < expected[-1])
            assert is_next(lead.scores, step) is comes_last
            if comes_last and step.score % 2:
                timeline.append(lead.scores, step)
            else:
                assert join(lead.scores, step) is is_new
            expected = _added(expected, step)
        elif step == "forget":
            lead.scores, expected = lead.scores[1:], expected[1:]
        elif step == "copy":
            lead = msgspec.msgpack.decode(encode_entity(lead), type=Lead)
        assert lead.scores == expected
        if step == "encode":
            assert encode_entity(lead) == msgspec.msgpack.encode(lead)
    assert encode_entity(lead) == msgspec.msgpack.encode(lead)
    assert lead.scores == expected


@pytest.mark.parametrize("count", [15, 16, 2**16 - 1, 2**16])
def test_any_number_of_rows_is_encoded_as_msgpack_has_it(count: int) -> None:
    lead = Lead("l")
    for number in range(count):
        timeline.append(lead.scores, ScoreRow(number, "", f"{number}", 1, ""))
    assert encode_entity(lead) == msgspec.msgpack.encode(lead)
    assert msgspec.msgpack.decode(encode_entity(lead), type=Lead) == lead


def test_rows_that_are_taken_away_in_place_are_noticed() -> None:
    lead = Lead("l")
    for number in range(10):
        timeline.append(lead.scores, ScoreRow(number, "", f"{number}", 1, ""))
    encode_entity(lead)
    del lead.scores[3]
    row = ScoreRow(20, "", "3", 1, "")
    assert is_next(lead.scores, row)
    timeline.append(lead.scores, row)
    assert encode_entity(lead) == msgspec.msgpack.encode(lead)


def test_no_more_is_known_than_of_so_many_rows() -> None:
    kept = []
    for number in range(20):
        lead = Lead(f"l{number}")
        for at in range(9):
            timeline.append(lead.scores, ScoreRow(at, "", f"{at}", 1, ""))
        kept.append(lead)
    assert sum(long_timelines.is_known(lead.scores) for lead in kept) < 6
    assert all(encode_entity(lead) == msgspec.msgpack.encode(lead) for lead in kept)
