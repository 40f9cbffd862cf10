"""The watchdog acts on what no batch would tell, and on nothing else."""

from dataclasses import replace

import pytest

from stream_app.worker.watchdog import Memory, Observation, Verdict, judge

_A = ("a", 0)
_B = ("b", 1)
_WELL = Observation(
    at=100.0,
    stored={_A: 7, _B: 9},
    before={_A: 7, _B: 9},
    after={_A: 7, _B: 9},
    applying=(),
    lag=0,
    progress=None,
    member=True,
    coordinator=True,
)
_FRESH = Memory(progress=100.0, member=100.0)
_LONG_AGO = Memory(progress=0.0, member=0.0)


def _verdict(seen: Observation, memory: Memory = _FRESH) -> Verdict:
    return judge(memory, seen, patience=60)[1]


@pytest.mark.parametrize("lag", [0, 5, None])
def test_nothing_is_done_while_all_is_well(lag: int | None) -> None:
    assert _verdict(replace(_WELL, lag=lag)) == Verdict()


@pytest.mark.parametrize(
    ("stored", "strayed"),
    [({_B: 9}, {_A}), ({}, {_A, _B}), ({_A: 6, _B: 9}, {_A}), ({_A: 8, _B: 9}, {_A})],
    ids=["missing", "flushed", "behind", "ahead"],
)
def test_a_partition_whose_ledger_has_moved_is_read_anew(
    stored: dict[tuple[str, int], int], strayed: set[tuple[str, int]]
) -> None:
    assert _verdict(replace(_WELL, stored=stored)) == Verdict(reseed=frozenset(strayed))


def test_a_partition_that_was_never_applied_is_where_it_should_be() -> None:
    assert _verdict(replace(_WELL, stored={}, before={_A: 0}, after={_A: 0})) == Verdict()


def test_a_partition_that_moved_while_the_ledger_answered_is_let_be() -> None:
    assert _verdict(replace(_WELL, stored={_A: 8, _B: 9}, after={_A: 9, _B: 9})) == Verdict()


def test_a_partition_that_is_being_applied_is_let_be() -> None:
    assert _verdict(replace(_WELL, stored={_A: 8, _B: 9}, applying={_A})) == Verdict()


def test_a_partition_that_was_taken_away_meanwhile_is_let_be() -> None:
    assert _verdict(replace(_WELL, stored={}, after={})) == Verdict()


def test_a_store_that_does_not_answer_is_waited_for() -> None:
    assert _verdict(replace(_WELL, stored=None, lag=5), Memory(progress=0.0, member=100.0)) == Verdict()


@pytest.mark.parametrize(("lag", "said"), [(5, "5 records wait"), (None, "the lag is not known")])
def test_a_standstill_while_records_wait_ends_the_process(lag: int | None, said: str) -> None:
    stop = _verdict(replace(_WELL, lag=lag), Memory(progress=39.0, member=100.0)).stop
    assert stop is not None
    assert "nothing was applied for 61 s" in stop
    assert said in stop


@pytest.mark.parametrize("healthy", [{"lag": 0}, {"progress": 99.0}, {"stored": None}, {"coordinator": False}])
def test_the_clock_of_a_standstill_starts_anew_when_there_was_a_reason_or_an_end(healthy: dict[str, object]) -> None:
    memory, verdict = judge(Memory(progress=39.0, member=100.0), replace(_WELL, **({"lag": 5} | healthy)), patience=60)  # type: ignore[arg-type]
    assert verdict.stop is None
    assert memory.progress >= 99.0


def test_a_process_that_stays_out_of_the_group_ends() -> None:
    stop = _verdict(replace(_WELL, member=False), Memory(progress=100.0, member=39.0)).stop
    assert stop is not None
    assert "out of the consumer group for 61 s" in stop


def test_a_process_that_has_just_left_the_group_gets_its_time() -> None:
    assert _verdict(replace(_WELL, member=False), Memory(progress=100.0, member=41.0)) == Verdict()


def test_a_broker_that_does_not_answer_is_waited_for() -> None:
    assert _verdict(replace(_WELL, member=False, coordinator=False, lag=None), _LONG_AGO) == Verdict()
