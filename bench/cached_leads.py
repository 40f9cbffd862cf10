"""What a worker's memory is for a lead in its cache: run as `python -m bench.cached_leads LEADS`.

A process of its own, because memory that was used before is used again. It prints a JSON object with the bytes of
resident memory that leads of five events, each in one batch with 4,000 others, added to it.
"""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.intake import Intake
from bench.leads import fill, history
from stream_app.clients.connections import async_redis
from stream_app.clients.settings import Settings
from stream_app.demo.embedded_servers import embedded_redis

_WARM_UP = 4000
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES


async def _measure(settings: Settings, leads: int) -> float:
    async with async_redis(settings) as redis:
        intake, until = Intake(settings, redis), datetime.now(UTC)
        await fill(intake, history(range(_WARM_UP), until))
        before = _resident()
        await fill(intake, history(range(_WARM_UP, _WARM_UP + leads), until))
        return (_resident() - before) / leads


def main(leads: int) -> None:
    """Measure so many leads, all of which the cache holds."""
    with TemporaryDirectory(prefix="stream-app-bench-") as name, embedded_redis(Path(name)) as url:
        settings = Settings.load(redis_url=url, namespace="bench", cached_entities=_WARM_UP + leads)
        found = asyncio.run(_measure(settings, leads))
    print(json.dumps({"bytes": round(found)}))  # noqa: T201 - this is how it answers


if __name__ == "__main__":
    main(int(sys.argv[1]))
