"""Candidate (d): the worker's own pipeline with nothing at either end. Run as `python -m bench.fold SPOOL`.

Records come from a list and commits go nowhere, but they are decoded, prepared, spread and encoded as in the worker.
It prints a JSON object with what was applied between the 5 % mark and the end, and in how many seconds.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from redis.asyncio import Redis

from bench.event_history import batches
from bench.measurement import WARM_UP_SHARE
from stream_app.catalog.fingerprint import fingerprint
from stream_app.cli.wiring import model
from stream_app.clients.garbage_collection import collect_rarely
from stream_app.clients.settings import Settings
from stream_app.core.envelope import Rejected
from stream_app.store.ledger import Ledger
from stream_app.worker.batch import Batch, RecordLike
from stream_app.worker.pipeline import Pipeline
from stream_app.worker.rejection_limit import RejectionLimit
from stream_app.worker.telemetry import Telemetry


class NoStore:
    """A store that holds nothing and agrees to everything, and a dead letter topic that takes nothing."""

    async def hget(self, *_: object) -> None:
        """Know no generation."""

    async def mget(self, keys: Sequence[str]) -> list[None]:
        """Know no entity."""
        return [None] * len(keys)

    async def evalsha(self, *_: object) -> list[bytes]:
        """Accept every commit."""
        return [b"applied"]

    async def send(self, batch: Batch, rejected: Sequence[tuple[RecordLike, Rejected]]) -> None:
        """Refuse: the history has no bad records."""
        message = f"{len(rejected)} records of {batch.topic} were rejected, the first: {rejected[0][1]}"
        raise ValueError(message)


async def _fold(spool: Path) -> dict[str, float]:
    settings = Settings.load()
    store = NoStore()
    ledger = Ledger(cast("Redis", store), settings.namespace, fingerprint(settings.rules))
    rejection_limit = RejectionLimit(settings.flood_ratio, lambda _: None)
    pipeline = Pipeline(model(settings.rules), ledger, store, rejection_limit, Telemetry(), cached_entities=sys.maxsize)
    work = list(batches(spool, settings.batch_events))
    collect_rarely()
    total = sum(len(batch.records) for batch in work)
    done = begin = 0
    since = used = 0.0
    for batch in work:
        await pipeline.apply(await pipeline.prepare(batch))
        done += len(batch.records)
        if not begin and done >= total * WARM_UP_SHARE:
            begin, since, used = done, time.perf_counter(), time.process_time()
    return {
        "events": done - begin,
        "seconds": time.perf_counter() - since,
        "processor": time.process_time() - used,
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_fold(Path(sys.argv[1])))))  # noqa: T201 - this is how it answers
