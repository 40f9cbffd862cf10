"""Says why a worker has no connection to Kafka: its client keeps that to itself."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TypeVar

from stream_app.clients.failures import Failure, kafka_trouble
from stream_app.clients.settings import Settings

__all__ = ["KafkaCheck"]

_T = TypeVar("_T")
log = logging.getLogger(__name__)
_INTERVAL_S = 2.0
_LONGEST_START_S = 5.0


class KafkaCheck:
    """Asks the brokers while the worker is not connected, and says what they answer once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.cause: str | None = None
        """Cause and remedy; None while the worker is connected, or all brokers take the client."""

    async def run(self, connected: Callable[[], bool]) -> None:
        """Check every other second, until canceled; a worker that starts or rebalances is not in trouble."""
        connected_at = time.monotonic()
        while True:
            found: Failure | None = None
            if connected():
                connected_at = time.monotonic()
            elif time.monotonic() - connected_at > _LONGEST_START_S:
                found = await _in_a_thread(partial(kafka_trouble, self._settings))
            self._note(None if found is None else str(found))
            await asyncio.sleep(_INTERVAL_S)

    def _note(self, cause: str | None) -> None:
        if cause is not None and cause != self.cause:
            log.error("waiting, nothing is lost: %s", cause)
        elif cause is None and self.cause is not None:
            log.info("Kafka answers again")
        self.cause = cause


async def _in_a_thread(work: Callable[[], _T]) -> _T:
    """As asyncio.to_thread, but a process that ends does not wait for it."""
    done: Future[_T] = Future()

    def run() -> None:
        if done.set_running_or_notify_cancel():
            try:
                done.set_result(work())
            except Exception as error:  # noqa: BLE001 - it is raised where the result is awaited
                done.set_exception(error)

    threading.Thread(target=run, name="kafka check", daemon=True).start()
    return await asyncio.wrap_future(done)
