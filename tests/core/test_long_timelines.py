"""Long timelines behave as short ones do, and what is stored of them can be read again after any change."""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_app.catalog.lead.state import Lead, ScoreRow
from stream_app.core import long_timelines, stored_form, timeline
from stream_app.core.stored_form import compressed, encode_entity, entity_decoder
from stream_app.core.timeline import Row, forget_first, is_next, join
from tests.core.long_timelines import long_from
from tests.laws.memory import put_over

LONG = 4
ROWS = st.builds(
    ScoreRow,
    at=st.integers(0, 30),
    order=st.just(""),
    identity=st.sampled_from("abcdefghijklmnop"),
    score=st.integers(0, 3),
    activity=st.just(""),
)
_CHANGES = ["store", "read again", "forget first", "take one away", "engage", "status"]
STEPS = st.lists(st.one_of(ROWS, st.sampled_from(_CHANGES)), max_size=60)
_decode = entity_decoder(Lead)


@pytest.fixture(autouse=True)
def _few_rows_are_long(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(long_timelines, "_MOST_ROWS", 40)
    with long_from(LONG):
        yield


class _Stored:
    """One entity in a store."""

    def __init__(self) -> None:
        self.state = b""

    def put(self, lead: Lead) -> int:
        """Store a lead that was read here, or is new; return how many bytes were sent."""
        value, stays = encode_entity(lead)
        self.state = put_over(self.state, compressed(value), stays)
        return len(value)

    def read(self) -> Lead:
        """Read the lead."""
        lead: Lead = _decode(self.state)
        return lead


def _added(rows: list[ScoreRow], row: ScoreRow) -> list[ScoreRow]:
    """The rows in plain words: of one identity the smallest, in order."""
    same = [each for each in rows if each.identity == row.identity]
    return sorted([*(each for each in rows if each not in same), min([*same, row])])


def _change(lead: Lead, step: str) -> None:
    if step == "forget first":
        forget_first(lead.scores, 2)
    elif step == "take one away":
        lead.scores = lead.scores[1:]
    elif step == "engage":
        at = len(lead.engagements)
        timeline.append(lead.engagements, Row(at, "", f"{at}"))
    elif step == "status":
        lead.newest += 10**lead.oldest % 10**12
        lead.oldest = (lead.oldest + 5) % 13


@given(STEPS)
def test_any_steps_leave_what_they_leave_of_a_plain_list(steps: list[ScoreRow | str]) -> None:
    lead, expected, stored = Lead("l", oldest=0), list[ScoreRow](), _Stored()
    stored.put(lead)
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
        elif step == "store":
            stored.put(lead)
            assert msgspec.msgpack.encode(stored.read()) == msgspec.msgpack.encode(lead)
        elif step == "read again":
            stored.put(lead)
            lead = stored.read()
        else:
            _change(lead, step)
            expected = expected[{"forget first": 2, "take one away": 1}.get(step, 0) :]
        assert lead.scores == expected
    stored.put(lead)
    assert stored.read() == lead


@contextmanager
def _as_in_production() -> Iterator[None]:
    with long_from(256), pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored_form, "_MOST_SEGMENTS", 4096)
        patch.setattr(long_timelines, "_MOST_ROWS", 500_000)
        yield


@pytest.mark.parametrize("reads_again", [False, True])
def test_an_event_in_order_sends_the_same_however_many_came_before(reads_again: bool) -> None:
    lead, stored = Lead("l"), _Stored()
    with _as_in_production():
        sent = []
        for at in range(3000):
            timeline.append(lead.scores, ScoreRow(at + 10_000, "", f"{at + 10_000}", 1, ""))
            sent.append(stored.put(lead))
            if reads_again and at % 100 == 0:
                lead = stored.read()
        assert stored.read() == lead
    assert len(set(sent[300:])) == 1


def test_forgetting_sends_the_same_until_most_of_the_log_is_forgotten() -> None:
    lead, stored = Lead("l"), _Stored()
    with _as_in_production():
        for at in range(1000):
            timeline.append(lead.engagements, Row(at + 10_000, "", f"{at + 10_000}"))
        whole, sent = stored.put(lead), []
        for at in range(1000, 4000):
            timeline.append(lead.engagements, Row(at + 10_000, "", f"{at + 10_000}"))
            forget_first(lead.engagements, 1)
            sent.append(stored.put(lead))
        assert stored.read() == lead
        assert len(lead.engagements) == 1000
        # Every thousandth time what is forgotten outweighs the rest.
        assert sum(each > 100 for each in sent) == 2
        assert len(stored.state) < 3 * whole


def test_rows_that_are_taken_away_in_place_are_noticed() -> None:
    lead, stored = Lead("l"), _Stored()
    for number in range(10):
        timeline.append(lead.scores, ScoreRow(number, "", f"{number}", 1, ""))
    stored.put(lead)
    del lead.scores[3]
    row = ScoreRow(20, "", "3", 1, "")
    assert is_next(lead.scores, row)
    timeline.append(lead.scores, row)
    stored.put(lead)
    assert stored.read() == lead


def test_no_more_is_known_than_of_so_many_rows() -> None:
    kept = []
    for number in range(20):
        lead, stored = Lead(f"l{number}"), _Stored()
        for at in range(9):
            timeline.append(lead.scores, ScoreRow(at, "", f"{at}", 1, ""))
            stored.put(lead)
        kept.append((lead, stored))
    assert sum(long_timelines.known(lead.scores) is not None for lead, _ in kept) < 6
    for lead, stored in kept:
        stored.put(lead)
        assert stored.read() == lead


def test_a_timeline_that_was_short_in_between_is_stored_as_a_whole() -> None:
    lead, stored = Lead("l"), _Stored()
    for at in range(6):
        timeline.append(lead.scores, ScoreRow(at, "", f"{at}", 1, ""))
    stored.put(lead)
    forget_first(lead.scores, 4)
    stored.put(lead)
    for at in range(6, 12):
        timeline.append(lead.scores, ScoreRow(at, "", f"{at}", 1, ""))
    stored.put(lead)
    assert stored.read() == lead


def test_a_row_that_takes_the_place_of_a_later_copy_is_stored() -> None:
    lead, stored = Lead("l"), _Stored()
    for at in range(6):
        timeline.append(lead.scores, ScoreRow(at, "", f"{at}", 1, ""))
    stored.put(lead)
    assert not join(lead.scores, ScoreRow(0, "", "3", 1, ""))
    stored.put(lead)
    assert stored.read() == lead


def test_rows_that_were_forgotten_before_they_were_stored_stay_away() -> None:
    lead, stored = Lead("l"), _Stored()
    for at in range(14):
        timeline.append(lead.scores, ScoreRow(at, "", f"{at}", 1, ""))
        if at == 5:
            stored.put(lead)
    forget_first(lead.scores, 7)
    stored.put(lead)
    assert stored.read() == lead
