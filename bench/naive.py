"""Candidate (a): the Faust agent of the tutorials, with one `HINCRBY` per event. Run as `python -m bench.naive`.

Faust's defaults but for the web server (off) and the store (memory, none is used). It neither tells copies apart nor
keeps state, and counts by type alone: that is less than it would have to do.
"""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any

import faust
from redis.asyncio import Redis

from bench.ground import event_topics
from stream_app.runtime.settings import Settings

if TYPE_CHECKING:
    from faust.types.streams import StreamT

COUNTERS = "events"
"""The hash of the counters, by event type."""


def main() -> None:
    """Count until ended by a signal."""
    settings = Settings.load()
    redis = Redis.from_url(settings.redis_url)
    with tempfile.TemporaryDirectory() as directory:
        app = faust.App(
            settings.consumer_group,
            broker=settings.kafka_url,
            store="memory://",
            web_enabled=False,
            datadir=directory,
        )
        events = app.topic(*event_topics(settings), value_serializer="json")

        @app.agent(events)
        async def count(stream: StreamT[Any]) -> None:
            async for event in stream:
                await redis.hincrby(COUNTERS, event["type"], 1)

        faust.Worker(app, loglevel="WARNING").execute_from_commandline()


if __name__ == "__main__":
    main()
