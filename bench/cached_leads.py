"""What a lead takes in memory, of a worker that caches it and of the store: `python -m bench.cached_leads EVENTS`.

The leads are those of the simulator, of about 30 events. A process of its own, because memory that was used before is
used again. It prints a JSON object: how many leads there are, the resident memory that the events added to this
process, with everything else that it keeps, and the mean of what the store says of a lead, in bytes.
"""

import asyncio
import json
import os
import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.event_history import EventHistory
from bench.intake import Intake
from bench.leads import fill
from stream_app.clients.connections import async_redis
from stream_app.clients.settings import Settings
from stream_app.demo.embedded_servers import embedded_redis
from stream_app.store.keys import FIRST_GENERATION, GenerationKeys

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES


async def _measure(settings: Settings, events: int) -> dict[str, int]:
    records = [(record.family, record.value) for record in EventHistory.near_now(events).history()]
    async with async_redis(settings) as redis:
        intake, before = Intake(settings, redis), _resident()
        await fill(intake, records)
        grown = _resident() - before
        prefix = GenerationKeys.of(settings.namespace, FIRST_GENERATION).entity("lead:")
        leads = [key async for key in redis.scan_iter(f"{prefix}*", count=10_000)]
        stored: list[Any] = [await redis.memory_usage(key) for key in leads]
    return {"leads": len(leads), "resident": grown, "stored": round(statistics.mean(stored))}


def main(events: int) -> None:
    """Measure the leads of about so many events, all of which the cache holds."""
    with TemporaryDirectory(prefix="stream-app-bench-") as name, embedded_redis(Path(name)) as url:
        settings = Settings.load(redis_url=url, namespace="bench", cached_entities=events)
        print(json.dumps(asyncio.run(_measure(settings, events))))  # noqa: T201 - this is how it answers


if __name__ == "__main__":
    main(int(sys.argv[1]))
