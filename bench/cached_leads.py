"""What a lead takes in memory, of a worker that caches it and of the store: `python -m bench.cached_leads SPOOL`.

The leads are those of a simulated history in a file, of about 30 events. A process of its own that reads it line by
line, because memory that was used before is used again. It prints a JSON object: how many leads there are, the resident
memory that the events added to this process, with everything else that it keeps, and the mean of what the store says of
a lead, in bytes.
"""

import asyncio
import json
import os
import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.event_history import read
from bench.intake import Intake
from bench.leads import fill
from stream_app.clients.connections import async_redis
from stream_app.clients.settings import Settings
from stream_app.demo.embedded_servers import embedded_redis
from stream_app.store.keys import FIRST_GENERATION, GenerationKeys

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES


async def _measure(settings: Settings, spool: Path) -> dict[str, int]:
    async with async_redis(settings) as redis:
        intake, before = Intake(settings, redis), _resident()
        await fill(intake, read(spool))
        grown = _resident() - before
        prefix = GenerationKeys.of(settings.namespace, FIRST_GENERATION).entity("lead:")
        leads = [key async for key in redis.scan_iter(f"{prefix}*", count=10_000)]
        stored: list[Any] = [await redis.memory_usage(key) for key in leads]
    return {"leads": len(leads), "resident": grown, "stored": round(statistics.mean(stored))}


def main(spool: Path) -> None:
    """Measure the leads of a history, all of which the cache holds."""
    with TemporaryDirectory(prefix="stream-app-bench-") as name, embedded_redis(Path(name)) as url:
        settings = Settings.load(redis_url=url, namespace="bench", cached_entities=sys.maxsize)
        print(json.dumps(asyncio.run(_measure(settings, spool))))  # noqa: T201 - this is how it answers


if __name__ == "__main__":
    main(Path(sys.argv[1]))
