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
    server = _Server(_DownError(), ConnectionResetError())
    with caplog.at_level(logging.INFO):
        assert asyncio.run(server.retry.call(server.ask)) == "answer"
    assert server.up_at_each_call == [True, False, False]
    assert server.retry.up
    assert [record.getMessage() for record in caplog.records] == [
        "the server does not answer (_DownError); waiting, nothing is lost",
        "the server answers again",
    ]


def test_an_error_of_the_caller_is_raised_at_once() -> None:
    server = _Server(LookupError("key"))
    with pytest.raises(LookupError):
        asyncio.run(server.retry.call(server.ask))
    assert server.up_at_each_call == [True]
    assert server.retry.up
