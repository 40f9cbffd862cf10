"""What tests put into a store, and everything that is in it."""

from collections.abc import Mapping
from typing import Any

from redis import Redis

from stream_app.core.deltas import Cells, Field, series_field
from stream_app.core.facts import Series
from stream_app.spec.window import Grain
from stream_app.store.keys import namespace_glob
from stream_app.store.ledger import Commit, State

MINUTE = 28_000_000
"""The minute in which the newest event of these tests lies."""
NEWEST = {Grain.MINUTE: MINUTE, Grain.HOUR: MINUTE // 60, Grain.DAY: MINUTE // (24 * 60)}
PARTITION = ("lead", 0)


def commit_of(
    begin: int,
    end: int,
    *,
    version: str = "a" * 16,
    states: tuple[State, ...] = (),
    newest: Mapping[Grain, int] | None = None,
    minutes: Mapping[int, dict[Series, int]] | None = None,
    levels: Mapping[Series, int] | None = None,
    level_changes: Mapping[int, dict[Series, int]] | None = None,
    **due_times: Any,  # noqa: ANN401
) -> Commit:
    """Return a commit of one batch. `minutes`: amounts by the number of a minute."""
    found = Cells(
        buckets={(Grain.MINUTE, number): _by_field(amounts) for number, amounts in (minutes or {}).items()},
        levels=_by_field(levels or {}),
        level_changes={day: _by_field(amounts) for day, amounts in (level_changes or {}).items()},
        **due_times,
    )
    return Commit(version, PARTITION, begin, end, states, found, NEWEST if newest is None else newest)


def _by_field(amounts: Mapping[Series, int]) -> dict[Field, int]:
    return {series_field(series): amount for series, amount in amounts.items()}


def everything(redis: Redis, namespace: str) -> dict[bytes, bytes | None]:
    """Return every key of a namespace with its content as Redis dumps it."""
    dumped: Any = {key: redis.dump(key) for key in redis.scan_iter(match=namespace_glob(namespace), count=1000)}
    return dict(dumped)
