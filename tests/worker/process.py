"""A worker as a process: `python -m tests.worker.process ARGUMENTS`, see `Process`."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from stream_app.worker.consumer import Hooks, Worker
from tests.worker.workers import FileLedger, settings

if TYPE_CHECKING:
    from collections.abc import Collection


class _Tell(Hooks):
    def assigned(self, partitions: Collection[tuple[str, int]]) -> None:
        print(json.dumps(sorted(partitions)), flush=True)  # noqa: T201


async def _main(arguments: str) -> int:
    address, group, topics, path, goal = json.loads(arguments)
    worker = Worker(settings(address, group, *topics, max_events=50), FileLedger(Path(path)), _Tell())
    return await worker.run(None if goal is None else {(topic, number): end for topic, number, end in goal})


if __name__ == "__main__":
    sys.exit(asyncio.run(_main(sys.argv[1])))
