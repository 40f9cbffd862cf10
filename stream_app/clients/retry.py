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


class RetryForever:
    """Retries calls to one server until they succeed; `up` says whether the last try did."""

    def __init__(self, server: str, *retried: type[Exception]) -> None:
        self._server = server
        self._retried: tuple[type[Exception], ...] = (*retried, OSError)
        self.up = True

    async def call(self, function: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 - whatever it returns
        """The result of the first try that succeeds. Raises errors that are neither `retried` nor OSError."""
        delay, logged_at = _FIRST_DELAY_S, -_LOG_INTERVAL_S
        while True:
            try:
                result = await function()
            except self._retried as error:
                self.up = False
                if time.monotonic() - logged_at >= _LOG_INTERVAL_S:
                    logged_at = time.monotonic()
                    log.warning("%s does not answer (%s); waiting, nothing is lost", self._server, type(error).__name__)
                await asyncio.sleep(delay)
                delay = min(delay * 2, _MAX_DELAY_S)
            else:
                if not self.up:
                    log.info("%s answers again", self._server)
                self.up = True
                return result
