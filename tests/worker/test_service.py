"""What a worker process says of itself: since when the numbers are complete, and where it can be asked."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from stream_app.clients.http import CannotListenError
from stream_app.clients.settings import Settings
from stream_app.worker.aiokafka_adapter import Group
from stream_app.worker.consumer import State
from stream_app.worker.service import caught_up, serve

_A = ("a", 0)
_B = ("b", 1)
_ANSWERED = 1_767_225_600.25
_AT = 1_767_225_600_250
_WELL = State(
    assigned=frozenset({_A, _B}),
    positions={_A: 7, _B: 9},
    ends={_A: 7, _B: 9},
    lag={"a": 0, "b": 0},
    paused=frozenset(),
    group=Group(generation=3, coordinator=True, error=None, polled=_ANSWERED),
    rebalancing=False,
    applied_at=None,
)


def test_what_is_applied_is_known_as_of_the_last_answer_of_a_broker_however_long_ago_that_was() -> None:
    assert caught_up(_WELL) == ([_A, _B], _AT)
    away = replace(_WELL, group=Group(generation=-1, coordinator=False, error=None, polled=_ANSWERED))
    assert caught_up(away) == ([_A, _B], _AT)


def test_nothing_is_known_before_a_broker_has_answered() -> None:
    unheard = replace(_WELL, group=Group(generation=3, coordinator=True, error=None, polled=None))
    assert not caught_up(unheard)[0]


@pytest.mark.parametrize(
    ("positions", "ends"),
    [({_A: 6, _B: 9}, {_A: 7, _B: 9}), ({_B: 9}, {_A: 7, _B: 9}), ({_A: 7, _B: 9}, {_B: 9})],
    ids=["behind", "without a position", "without an end"],
)
def test_a_partition_that_is_not_known_to_be_wholly_applied_is_left_out(
    positions: dict[tuple[str, int], int], ends: dict[tuple[str, int], int]
) -> None:
    assert caught_up(replace(_WELL, positions=positions, ends=ends)) == ([_B], _AT)


@pytest.fixture
def taken() -> Iterator[int]:
    """Return a port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_a_worker_goes_on_without_a_page_where_its_default_port_is_taken(
    taken: int, caplog: pytest.LogCaptureFixture
) -> None:
    nothing_asked_for = Settings.model_construct(_fields_set=set(), worker_port=taken)
    with ExitStack() as stack:
        serve(stack, nothing_asked_for, {})
    assert f"cannot listen on 127.0.0.1:{taken}" in caplog.text
    assert "give it a --worker-port of its own" in caplog.text


def test_a_port_that_was_asked_for_has_to_be_free(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAM_APP_WORKER_PORT", str(taken))
    for asked_for in (Settings.load(), Settings.load(worker_port=taken)):
        with ExitStack() as stack, pytest.raises(CannotListenError, match=str(taken)):
            serve(stack, asked_for, {})


def test_a_worker_whose_port_is_0_listens_nowhere() -> None:
    with ExitStack() as stack:
        serve(stack, Settings.load(worker_port=0, host="no address"), {})
