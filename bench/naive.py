"""Candidate (a): the Faust agent of the tutorials, with one `HINCRBY` per event. Run as `python -m bench.naive`.

Faust's defaults but for the web server (off) and the store (memory, none is used). It neither tells copies apart nor
keeps state, and counts by type alone: that is less than it would have to do.

The embedded broker answers a fetch at once when there is nothing, where Kafka would wait. aiokafka then asks again and
again and takes half of the processor from the agent, so empty fetches are slowed down, as our own transport does.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from typing import Any

import faust
from aiokafka.consumer.fetcher import Fetcher
from faust.types.streams import StreamT
from redis.asyncio import Redis

from stream_app.cli.wiring import event_topics
from stream_app.clients.settings import Settings

COUNTERS = "events"
"""The hash of the counters, by event type."""

_EMPTY_FETCH_DELAY_S = 0.01


def slowed(fetch: Callable[..., Awaitable[bool]]) -> Callable[..., Awaitable[bool]]:
    """Make a fetch that brings nothing take a moment."""

    async def wait(*request: object) -> bool:
        found = await fetch(*request)
        if not found:
            await asyncio.sleep(_EMPTY_FETCH_DELAY_S)
        return found

    return wait


def main() -> None:
    """Count until ended by a signal."""
    Fetcher._proc_fetch_request = slowed(Fetcher._proc_fetch_request)  # noqa: SLF001 - there is no other way in
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
