"""Positions follow the ledger, within the log, and what was read in an earlier epoch is stale."""

import pytest

from stream_app.worker.batch import MOST_KEYS, Batch, Record
from stream_app.worker.positions import (
    AppliedPositions,
    Fetched,
    ReadPositions,
    StartPosition,
    TopicRecreatedError,
    start_position,
)

_A = ("a", 0)
_B = ("b", 1)
_ASSIGNMENT = object()


def _records(*offsets: int) -> list[Record]:
    return [Record(offset, 0, None, None) for offset in offsets]


def _fetched(begin: int, end: int, epoch: int) -> Fetched:
    return Fetched(Batch(*_A, begin, end, ()), epoch)


def _started(offset: int, epoch: int = 1) -> ReadPositions:
    positions = ReadPositions()
    positions.start(_A, _ASSIGNMENT, epoch, offset)
    return positions


@pytest.mark.parametrize(
    ("stored", "start"),
    [(7, StartPosition(7, 7)), (9, StartPosition(9, 9)), (3, StartPosition(3, 5)), (None, StartPosition(0, 5))],
    ids=["inside the log", "at its end", "before its begin", "unknown"],
)
def test_consumption_starts_at_the_stored_offset_or_the_log_begin(stored: int | None, start: StartPosition) -> None:
    assert start_position("t", 0, stored, 5, 9) == start


@pytest.mark.parametrize(("stored", "begin", "gap"), [(7, 5, False), (5, 5, False), (3, 5, True), (None, 0, False)])
def test_a_start_has_a_gap_if_offsets_were_deleted(stored: int | None, begin: int, gap: bool) -> None:
    assert start_position("t", 0, stored, begin, 9).has_gap is gap


def test_a_ledger_ahead_of_the_log_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(TopicRecreatedError, match=r"t\[4\].*offset 10.*ends at 9.*stream-app rebuild"):
        start_position("t", 4, 10, 5, 9)


def test_nothing_is_expected_before_the_ledger_has_answered() -> None:
    positions = AppliedPositions()
    positions.assign([_A])
    (epoch,) = positions.new_epochs([_A]).values()
    assert positions.expected == {}
    assert positions.expects(_fetched(0, 5, epoch)) is None
    assert positions.uncommitted() == {}


def test_the_next_batch_is_expected_where_the_last_one_ended() -> None:
    positions = AppliedPositions()
    positions.assign([_A, _B])
    epochs = positions.new_epochs([_A, _B])
    bounds = {_A: (0, 9), _B: (2, 9)}
    assert positions.start(epochs, {_A: 4}, bounds) == {_A: StartPosition(4, 4), _B: StartPosition(0, 2)}
    assert positions.expected == {_A: 4, _B: 0}
    positions.advance(_fetched(4, 6, epochs[_A]))
    assert positions.expected == {_A: 6, _B: 0}
    assert positions.expects(_fetched(6, 8, epochs[_A])) == 6


def test_a_batch_from_an_earlier_epoch_is_stale() -> None:
    positions = AppliedPositions()
    positions.assign([_A])
    before = positions.new_epochs([_A])
    positions.start(before, {}, {_A: (0, 9)})
    positions.new_epochs([_A])
    stale = _fetched(0, 5, before[_A])
    assert positions.expects(stale) is None
    positions.advance(stale)
    assert positions.expected == {_A: 0}


def test_a_batch_from_before_a_rebalance_is_stale() -> None:
    positions = AppliedPositions()
    positions.assign([_A])
    before = positions.new_epochs([_A])
    positions.clear()
    positions.assign([_A])
    after = positions.new_epochs([_A])
    positions.start(after, {}, {_A: (0, 9)})
    assert positions.expects(_fetched(0, 5, before[_A])) is None
    assert positions.expects(_fetched(0, 5, after[_A])) == 0


def test_a_start_that_was_overtaken_changes_nothing() -> None:
    positions = AppliedPositions()
    positions.assign([_A, _B])
    slow = positions.new_epochs([_A, _B])
    fast = positions.new_epochs([_A])
    positions.start(fast, {_A: 7}, {_A: (0, 9)})
    assert positions.current(slow) == [_B]
    assert positions.start(slow, {_A: 3}, {_A: (0, 9), _B: (0, 9)}) == {_B: StartPosition(0, 0)}
    assert positions.expected == {_A: 7, _B: 0}


def test_only_assigned_partitions_get_an_epoch() -> None:
    positions = AppliedPositions()
    positions.assign([_A])
    assert positions.new_epochs([_B]) == {}
    assert positions.assigned() == positions.assigned("a") == {_A}
    assert positions.assigned("b") == set()


def test_the_listed_end_of_the_log_counts_only_after_a_refused_read() -> None:
    positions = AppliedPositions()
    positions.assign([_A])
    epochs = positions.new_epochs([_A])
    assert positions.start(epochs, {_A: 10}, {_A: (0, 9)}) == {_A: StartPosition(10, 10)}
    with pytest.raises(TopicRecreatedError):
        positions.start(epochs, {_A: 10}, {_A: (0, 9)}, trust_end=True)


def test_an_offset_is_committed_once_even_when_it_goes_backwards() -> None:
    positions = AppliedPositions()
    positions.assign([_A])
    positions.start(positions.new_epochs([_A]), {_A: 7}, {_A: (0, 9)})
    assert positions.uncommitted() == {_A: 7}
    positions.mark_committed({_A: 7, _B: 1})
    assert positions.uncommitted() == {}
    positions.start(positions.new_epochs([_A]), {_A: 3}, {_A: (0, 9)})
    assert positions.uncommitted() == {_A: 3}


def test_batches_join_up_over_offsets_without_a_record() -> None:
    positions = _started(3, epoch=8)
    first = positions.advance(_A, 9, _records(5, 6, 8), 2, allow_empty=False)
    assert first == [
        Fetched(Batch(*_A, 3, 7, _records(5, 6)), 8),
        Fetched(Batch(*_A, 7, 9, _records(8)), 8),
    ]
    assert positions.advance(_A, 11, _records(9), 2, allow_empty=False) == [Fetched(Batch(*_A, 9, 11, _records(9)), 8)]


def test_no_batch_that_is_read_has_more_than_the_most_keys() -> None:
    records = [Record(offset, 0, b"%d" % offset, None) for offset in range(MOST_KEYS + 1)]
    fetched = _started(0).advance(_A, len(records), records, 2 * MOST_KEYS, allow_empty=False)
    assert [len(each.batch.records) for each in fetched] == [MOST_KEYS, 1]


def test_an_offset_range_without_records_waits_for_a_poll_that_found_none() -> None:
    positions = _started(3)
    assert positions.advance(_A, 5, (), 10, allow_empty=False) == []
    assert positions.advance(_A, 5, (), 10, allow_empty=True) == [Fetched(Batch(*_A, 3, 5, ()), 1)]
    assert positions.advance(_A, 5, (), 10, allow_empty=True) == []


def test_only_partitions_of_this_assignment_and_no_paused_topic_are_read() -> None:
    positions = _started(0)
    positions.start(_B, _ASSIGNMENT, 2, 0)
    assert positions.readable(_ASSIGNMENT, frozenset()) == [_A, _B]
    assert positions.readable(_ASSIGNMENT, {"a"}) == [_B]
    assert positions.readable(object(), frozenset()) == []
    positions.drop([_B, ("never", 0)])
    assert positions.readable(_ASSIGNMENT, frozenset()) == [_A]
