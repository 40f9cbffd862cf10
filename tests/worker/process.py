"""A worker as a process: `python -m tests.worker.process ARGUMENTS`, see `Process`."""

import asyncio
import json
import sys
from collections.abc import Collection
from pathlib import Path

from stream_app.worker.consumer import Hooks, Worker
from tests.worker.workers import FileLedger, settings


class _PrintAssigned(Hooks):
    def assigned(self, partitions: Collection[tuple[str, int]]) -> None:
        print(json.dumps(sorted(partitions)), flush=True)  # noqa: T201


async def _main(arguments: str) -> int:
    address, group, topics, path, goal = json.loads(arguments)
    ledger = FileLedger(Path(path))
    worker = Worker(settings(address, group, *topics, max_events=50), ledger, ledger.positions, _PrintAssigned())
    return await worker.run(None if goal is None else {(topic, number): end for topic, number, end in goal})


if __name__ == "__main__":
    sys.exit(asyncio.run(_main(sys.argv[1])))
