"""Lets a worker stand still while its store may evict keys, rather than count wrongly."""

import asyncio
import logging
from contextlib import suppress

import redis.asyncio
from redis.exceptions import RedisError

from stream_app.store.eviction import POLICY, async_eviction
from stream_app.store.ledger import Ledger

log = logging.getLogger(__name__)


class EvictionCheck:
    """Holds the ledger while the store's policy evicts, and lets it go on when that is mended."""

    def __init__(self, store: "redis.asyncio.Redis", ledger: Ledger) -> None:
        self._store, self._ledger = store, ledger
        self._evicted: int | None = None
        self._is_unknown_said = False
        self.cause: str | None = None
        """Why the worker stands still; None while it does not."""

    async def run(self, interval: float) -> None:
        """Check every `interval` seconds, until canceled."""
        while True:
            await asyncio.sleep(interval)
            await self.check()

    async def check(self) -> None:
        """Check once. A store that does not answer changes nothing: whoever needs it waits for it anyway."""
        with suppress(RedisError, OSError):
            found = await async_eviction(self._store)
            if found.policy is None and not self._is_unknown_said:
                self._is_unknown_said = True
                log.warning(
                    "the store tells its %s neither by INFO nor by CONFIG GET: make sure that it is noeviction, "
                    "or numbers vanish under pressure",
                    POLICY,
                )
            if found.policy is None:
                return
            if found.cause is None:
                self._go_on(found.evicted)
            else:
                self._stand_still(found.cause, found.evicted)

    def _stand_still(self, cause: str, evicted: int) -> None:
        if self.cause is None:
            log.error("nothing is applied until this is mended: %s", cause)
            self._evicted = evicted
        self.cause = cause
        self._ledger.hold()

    def _go_on(self, evicted: int) -> None:
        if self.cause is not None:
            log.info("the store evicts no longer: going on")
        if self._evicted is not None and evicted > self._evicted:
            log.error(
                "the store evicted %d keys meanwhile: if any was of this namespace, numbers are wrong: "
                "compare with `stream-app audit`, and mend with `stream-app rebuild`",
                evicted - self._evicted,
            )
        self.cause, self._evicted = None, None
        self._ledger.release()
