"""The watchdog acts on what no batch would show, and on nothing else."""

from dataclasses import replace

import pytest

from stream_app.worker.watchdog import Action, LastHealthy, Observation, assess

_A = ("a", 0)
_B = ("b", 1)
_HEALTHY = Observation(
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
_HEALTHY_NOW = LastHealthy(progress=100.0, member=100.0)
_LONG_AGO = LastHealthy(progress=0.0, member=0.0)


def _action(seen: Observation, last: LastHealthy = _HEALTHY_NOW) -> Action:
    return assess(last, seen, stall_timeout=60)[1]


@pytest.mark.parametrize("lag", [0, 5, None])
def test_nothing_is_done_about_a_healthy_worker(lag: int | None) -> None:
    assert _action(replace(_HEALTHY, lag=lag)) == Action()


@pytest.mark.parametrize(
    ("stored", "diverged"),
    [({_B: 9}, {_A}), ({}, {_A, _B}), ({_A: 6, _B: 9}, {_A}), ({_A: 8, _B: 9}, {_A})],
    ids=["missing", "flushed", "behind", "ahead"],
)
def test_a_partition_that_differs_from_the_ledger_is_read_again(
    stored: dict[tuple[str, int], int], diverged: set[tuple[str, int]]
) -> None:
    assert _action(replace(_HEALTHY, stored=stored)) == Action(seek_to_ledger=frozenset(diverged))


def test_a_partition_at_0_does_not_differ_from_a_ledger_without_it() -> None:
    assert _action(replace(_HEALTHY, stored={}, before={_A: 0}, after={_A: 0})) == Action()


def test_a_partition_that_advanced_meanwhile_is_left_alone() -> None:
    assert _action(replace(_HEALTHY, stored={_A: 8, _B: 9}, after={_A: 9, _B: 9})) == Action()


def test_a_partition_that_is_being_applied_is_left_alone() -> None:
    assert _action(replace(_HEALTHY, stored={_A: 8, _B: 9}, applying={_A})) == Action()


def test_a_partition_that_was_revoked_meanwhile_is_left_alone() -> None:
    assert _action(replace(_HEALTHY, stored={}, after={})) == Action()


def test_a_store_that_does_not_answer_is_no_reason_to_stop() -> None:
    assert _action(replace(_HEALTHY, stored=None, lag=5), LastHealthy(progress=0.0, member=100.0)) == Action()


@pytest.mark.parametrize(("lag", "said"), [(5, "5 records wait"), (None, "the lag is not known")])
def test_no_progress_while_records_wait_ends_the_process(lag: int | None, said: str) -> None:
    stop = _action(replace(_HEALTHY, lag=lag), LastHealthy(progress=39.0, member=100.0)).stop
    assert stop is not None
    assert "nothing was applied for 61 s" in stop
    assert said in stop


@pytest.mark.parametrize("healthy", [{"lag": 0}, {"progress": 99.0}, {"stored": None}, {"coordinator": False}])
def test_the_stall_timeout_starts_again_after_progress_or_an_outage(healthy: dict[str, object]) -> None:
    seen = replace(_HEALTHY, **({"lag": 5} | healthy))  # type: ignore[arg-type]
    last, action = assess(LastHealthy(progress=39.0, member=100.0), seen, stall_timeout=60)
    assert action.stop is None
    assert last.progress >= 99.0


def test_a_process_that_is_out_of_the_group_for_too_long_ends() -> None:
    stop = _action(replace(_HEALTHY, member=False), LastHealthy(progress=100.0, member=39.0)).stop
    assert stop is not None
    assert "out of the consumer group for 61 s" in stop


def test_a_process_may_be_out_of_the_group_for_a_while() -> None:
    assert _action(replace(_HEALTHY, member=False), LastHealthy(progress=100.0, member=41.0)) == Action()


def test_a_broker_that_does_not_answer_is_no_reason_to_stop() -> None:
    assert _action(replace(_HEALTHY, member=False, coordinator=False, lag=None), _LONG_AGO) == Action()
