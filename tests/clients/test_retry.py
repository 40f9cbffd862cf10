"""A call is retried while its server does not answer, and only then."""

import asyncio
import logging

import pytest

from stream_app.clients.retry import RetryForever


class _DownError(Exception):
    """What the server's client raises while it is down."""


class _Server:
    """Raises its errors one after another, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.up_at_each_call: list[bool] = []
        self.retry = RetryForever("the server", _DownError)

    async def ask(self) -> str:
        self.up_at_each_call.append(self.retry.up)
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def test_a_call_is_retried_until_it_succeeds(caplog: pytest.LogCaptureFixture) -> None:
    server = _Server(_DownError(), ConnectionResetError(), _DownError(), ConnectionResetError())
    with caplog.at_level(logging.INFO):
        assert asyncio.run(server.retry.call(server.ask)) == "answer"
    assert server.up_at_each_call == [True, False, False, False, False]
    assert server.retry.up
    # Each cause once: they take turns.
    assert [record.getMessage() for record in caplog.records] == [
        "waiting for the server, nothing is lost: _DownError",
        "waiting for the server, nothing is lost: ConnectionResetError",
        "the server answers again",
    ]


def test_an_error_of_the_caller_is_raised_at_once() -> None:
    server = _Server(LookupError("key"))
    with pytest.raises(LookupError):
        asyncio.run(server.retry.call(server.ask))
    assert server.up_at_each_call == [True]
    assert server.retry.up


def test_a_read_that_succeeds_does_not_hide_a_write_that_fails() -> None:
    async def both() -> None:
        server = _Server(_DownError(), _DownError())
        write = asyncio.create_task(server.retry.call(server.ask))
        await asyncio.sleep(0)
        assert server.retry.error == "_DownError"
        assert await server.retry.attempt(_answer) == "answer"
        assert await server.retry.call(_answer) == "answer"
        assert not server.retry.up
        assert await write == "answer"
        assert server.retry.up

    asyncio.run(both())


def test_a_read_is_no_proof_that_the_server_works_again() -> None:
    async def attempts() -> None:
        server = _Server(_DownError())
        with pytest.raises(_DownError):
            await server.retry.attempt(server.ask)
        await server.retry.call(_answer, is_proof=False)
        assert not server.retry.up
        await server.retry.attempt(server.ask)
        assert server.retry.up

    asyncio.run(attempts())


def test_a_server_stays_down_when_a_call_that_waits_is_canceled() -> None:
    async def canceled() -> None:
        server = _Server(*[_DownError()] * 9)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(server.retry.call(server.ask), 0.01)
        assert not server.retry.up
        await server.retry.call(_answer)
        assert server.retry.up

    asyncio.run(canceled())


async def _answer() -> str:
    return "answer"
