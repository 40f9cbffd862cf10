"""Retries without end against a server that does not answer, with backoff and a log line now and then."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

log = logging.getLogger(__name__)

_FIRST_DELAY_S = 0.05
_MAX_DELAY_S = 2.0
_LOG_INTERVAL_S = 10.0


def class_name(error: Exception) -> str:
    """What can be said of any exception: its text may hold what a record says."""
    return type(error).__name__


class RetryForever:
    """Retries calls to one server until they succeed, and says whether the server does its work."""

    def __init__(
        self, server: str, *retried: type[Exception], explain: Callable[[Exception], str] = class_name
    ) -> None:
        self._server = server
        self._explain = explain
        self._retried: tuple[type[Exception], ...] = (*retried, OSError)
        self._failing: set[object] = set()
        self._logged_at: dict[str, float] = {}
        self.error: str | None = None
        """What the server failed with last; None while it is up."""

    @property
    def up(self) -> bool:
        """Whether nothing has failed since the last proof that the server works, and no call is waiting for it."""
        return self.error is None

    async def call(self, function: Callable[[], Awaitable[Any]], *, is_proof: bool = True) -> Any:  # noqa: ANN401 - whatever it returns
        """The result of the first try that succeeds. Raises errors that are neither `retried` nor OSError.

        `is_proof` False: that it succeeds does not show that the server works, as a read does not show of writes.
        """
        delay = _FIRST_DELAY_S
        this_call = object()
        try:
            while True:
                try:
                    result = await function()
                except self._retried as error:
                    self._failing.add(this_call)
                    self._failed(error)
                    await asyncio.sleep(delay)
                    delay = min(delay * 2, _MAX_DELAY_S)
                else:
                    self._failing.discard(this_call)
                    if is_proof:
                        self._worked()
                    return result
        finally:
            self._failing.discard(this_call)

    async def attempt(self, function: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 - whatever it returns
        """The result of one try, which is a proof. Raises whatever that does."""
        try:
            result = await function()
        except self._retried as error:
            self._failed(error)
            raise
        self._worked()
        return result

    def _failed(self, error: Exception) -> None:
        self.error = self._explain(error)
        now = time.monotonic()
        # What comes first is often a connection that breaks, and the cause comes after it.
        if now - self._logged_at.get(self.error, -_LOG_INTERVAL_S) >= _LOG_INTERVAL_S:
            self._logged_at[self.error] = now
            log.warning("waiting for %s, nothing is lost: %s", self._server, self.error)

    def _worked(self) -> None:
        # What still waits says that the server does not do all of its work.
        if self._failing:
            return
        if not self.up:
            log.info("%s answers again", self._server)
            self._logged_at.clear()
        self.error = None
