"""Since when a worker process knows that everything is applied, and on which port it serves its metrics."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from stream_app.clients.http import CannotListenError
from stream_app.clients.settings import Settings
from stream_app.worker.aiokafka_adapter import Group
from stream_app.worker.service import caught_up, serve
from stream_app.worker.worker_state import State

_A = ("a", 0)
_B = ("b", 1)
_ANSWERED = 1_767_225_600.25
_AT = 1_767_225_600_250
_HEALTHY = State(
    assigned=frozenset({_A, _B}),
    positions={_A: 7, _B: 9},
    ends={_A: 7, _B: 9},
    lag={"a": 0, "b": 0},
    answered={_A: _ANSWERED, _B: _ANSWERED + 1},
    unanswered={},
    missing=frozenset(),
    paused=frozenset(),
    unreadable={},
    refused=(),
    group=Group(generation=3, coordinator=True, error=None),
    rebalancing=False,
    rebalancing_s=0.0,
    applied_at=None,
)


def test_all_is_applied_as_of_the_last_answer_of_each_leader() -> None:
    assert caught_up(_HEALTHY) == {_A: _AT, _B: _AT + 1000}
    disconnected = replace(_HEALTHY, group=Group(generation=-1, coordinator=False, error=None))
    assert caught_up(disconnected) == caught_up(_HEALTHY)


def test_nothing_is_known_to_be_applied_before_a_leader_answers() -> None:
    assert caught_up(replace(_HEALTHY, answered={_B: _ANSWERED})) == {_B: _AT}


@pytest.mark.parametrize(
    ("positions", "ends"),
    [({_A: 6, _B: 9}, {_A: 7, _B: 9}), ({_B: 9}, {_A: 7, _B: 9}), ({_A: 7, _B: 9}, {_B: 9})],
    ids=["behind", "without a position", "without an end"],
)
def test_a_partition_that_may_have_more_records_is_left_out(
    positions: dict[tuple[str, int], int], ends: dict[tuple[str, int], int]
) -> None:
    assert caught_up(replace(_HEALTHY, positions=positions, ends=ends)) == {_B: _AT + 1000}


@pytest.fixture
def used_port() -> Iterator[int]:
    """Return a port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_a_worker_runs_without_a_metrics_page_if_its_default_port_is_used(
    used_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    nothing_set = Settings.model_construct(_fields_set=set(), worker_port=used_port)
    with ExitStack() as stack:
        serve(stack, nothing_set, {})
    assert f"cannot listen on 127.0.0.1:{used_port}" in caplog.text
    assert "give it a --worker-port of its own" in caplog.text


def test_a_port_that_was_set_must_be_free(used_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAM_APP_WORKER_PORT", str(used_port))
    for chosen in (Settings.load(), Settings.load(worker_port=used_port)):
        with ExitStack() as stack, pytest.raises(CannotListenError, match=str(used_port)):
            serve(stack, chosen, {})


def test_a_worker_with_port_0_has_no_metrics_page() -> None:
    with ExitStack() as stack:
        serve(stack, Settings.load(worker_port=0, host="no address"), {})
