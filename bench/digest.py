"""A digest of everything that the fold would commit for a simulated history. Run as `python -m bench.digest`.

Two versions of the code that print the same line compute the same numbers. How an entity is stored is left out.
"""

import asyncio
import hashlib
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from redis.asyncio import Redis

from bench.event_history import EventHistory, batches
from bench.fold import NoStore
from stream_app.catalog.fingerprint import fingerprint
from stream_app.cli.wiring import model
from stream_app.clients.settings import Settings
from stream_app.core.deltas import Field, series_of
from stream_app.core.facts import Series
from stream_app.store.ledger import Commit, Ledger
from stream_app.worker.pipeline import Pipeline, Prepared
from stream_app.worker.rejection_limit import RejectionLimit
from stream_app.worker.telemetry import Telemetry

_EVENTS = 40_000
_UNTIL = datetime(2026, 11, 20, 12, tzinfo=UTC)
_BATCH = 500


def _by_series(amounts: Mapping[Field, int]) -> list[tuple[Series, int]]:
    return sorted((series_of(field), amount) for field, amount in amounts.items() if amount)


def _canonical(commit: Commit) -> str:
    cells = commit.cells
    buckets = sorted((str(grain), number, _by_series(amounts)) for (grain, number), amounts in cells.buckets.items())
    levels = _by_series(cells.levels)
    level_changes = sorted((day, _by_series(amounts)) for day, amounts in cells.level_changes.items())
    newest = sorted((str(grain), number) for grain, number in commit.newest.items())
    due = sorted(cells.due.items()), sorted(cells.no_longer_due)
    return repr((commit.begin, commit.end, buckets, levels, level_changes, *due, newest))


async def _digest(spool: Path) -> str:
    settings = Settings.load()
    store = NoStore()
    ledger = Ledger(cast("Redis", store), settings.namespace, fingerprint(settings.rules))
    rejection_limit = RejectionLimit(settings.flood_ratio, lambda _: None)
    pipeline = Pipeline(model(settings.rules), ledger, store, rejection_limit, Telemetry(), cached_entities=sys.maxsize)
    found = hashlib.sha256()
    for batch in batches(spool, _BATCH):
        prepared = await pipeline.prepare(batch)
        if not isinstance(prepared, Prepared):
            raise prepared.error
        found.update(_canonical(prepared.commit).encode())
        await pipeline.apply(prepared)
    return found.hexdigest()


def main() -> None:
    """Print the digest."""
    with tempfile.TemporaryDirectory(prefix="stream-app-digest-") as directory:
        spool = Path(directory) / "history"
        EventHistory(_EVENTS, _UNTIL).write(spool)
        print(asyncio.run(_digest(spool)))  # noqa: T201 - this is how it answers


if __name__ == "__main__":
    main()
