"""Candidate (b): Quix Streams with state per lead and pipelined counters. Run as `python -m bench.quix EVENTS`.

Per key (lead, account ...) its RocksDB state holds the ids of the events that were seen and the lead's stage. Counters
by minute, hour and day are added up in memory and go to Redis in one pipeline at each checkpoint, every 4,000 events
as our batches do. Changelog topics, on by default, are off: they would cost it time. What it does not do: late events
that move what was counted, exactly-once counters (a crash counts twice), and all but three of the metrics.
"""

import sys
import tempfile
from collections import Counter
from datetime import datetime
from typing import Any

from quixstreams import Application, State
from quixstreams.sinks import BaseSink
from redis import Redis

from stream_app.cli.wiring import event_topics
from stream_app.clients.settings import Settings

COUNTERS = "events"
"""The hash of how many events were counted, by type: written with each pipeline."""

_CHECKPOINT = 4000
_GRAINS = (("minute", 60), ("hour", 3600), ("day", 86_400))


class Counters(BaseSink):
    """Counters that are added up in memory and written at each checkpoint."""

    def __init__(self, redis: Redis) -> None:
        super().__init__(on_client_connect_success=lambda: None)
        self._redis = redis
        self._amounts: Counter[tuple[str, str]] = Counter()

    def add(self, value: Any, **_: Any) -> None:  # noqa: ANN401
        """Count an event in the buckets of its time."""
        second = int(datetime.fromisoformat(value["time"]).timestamp())
        name = value["series"]
        amounts = self._amounts
        amounts[COUNTERS, value["type"]] += 1
        for grain, length in _GRAINS:
            amounts[f"{grain}:{second // length}", name] += 1

    def flush(self) -> None:
        """Write all amounts in one round trip."""
        pipeline = self._redis.pipeline(transaction=False)
        for (key, field), amount in self._amounts.items():
            pipeline.hincrby(key, field, amount)
        pipeline.execute()
        self._amounts.clear()


def fold(event: dict[str, Any], state: State) -> dict[str, Any]:
    """Name the series that an event counts in; a copy counts as a duplicate."""
    seen = f"id:{event['id']}"
    if state.exists(seen):
        event["series"] = "duplicates"
        return event
    state.set(seen, 1)
    if event["type"] == "lead.stage_changed":
        before, after = state.get("stage", "none"), event["data"]["to"]
        state.set("stage", after)
        event["series"] = f"stage:{before}:{after}"
    else:
        event["series"] = event["type"]
    return event


def main(events: int) -> None:
    """Count so many events and end."""
    settings = Settings.load()
    with tempfile.TemporaryDirectory() as directory:
        app = Application(
            settings.brokers,
            consumer_group=settings.consumer_group,
            auto_offset_reset="earliest",
            commit_every=_CHECKPOINT,
            state_dir=directory,
            use_changelog_topics=False,
            auto_create_topics=False,
            loglevel="WARNING",
        )
        counters = Counters(Redis.from_url(settings.redis_url))
        for name in event_topics(settings):
            topic = app.topic(name, key_deserializer="str", value_deserializer="json")
            app.dataframe(topic).apply(fold, stateful=True).sink(counters)
        app.run(count=events)


if __name__ == "__main__":
    main(int(sys.argv[1]))
