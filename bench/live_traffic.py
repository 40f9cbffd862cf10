"""Live traffic and an eye on the ledger. Run as `python -m bench.live_traffic EVENTS UNTIL RATE SECONDS`.

Sends what comes after the history at an even pace, each record stamped when it is sent, and meanwhile asks the ledger
about every millisecond how far it is: the first answer that is past a record ends that record's latency. That is
measured from outside, to a millisecond or two, and is never too short. Prints a JSON object per line: `{"warm": true}`
when the first two seconds are over, which do not count, and the findings.
"""

import asyncio
import json
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, cast

from aiokafka import AIOKafkaProducer
from redis.asyncio import Redis

from bench.event_history import EventHistory
from stream_app.clients.settings import Settings
from stream_app.demo.simulator import Record
from stream_app.store.keys import FIRST_GENERATION, GenerationKeys, partition_of

_WARM_UP = 2.0
_SEND_INTERVAL_S = 0.002
_POLL_S = 0.001
_TIMEOUT_S = 15.0


@dataclass
class _Traffic:
    """The records that are under way, by topic in order of offset, and the latencies of those that arrived."""

    settings: Settings
    redis: Redis
    waiting: dict[str, deque[tuple[int, float]]] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    counts_from: float = 0.0
    sent: bool = False

    async def applied_offsets(self) -> dict[str, int]:
        """Return the stored next offset of each topic's one partition."""
        key = GenerationKeys.of(self.settings.namespace, FIRST_GENERATION).offsets
        fields = cast("dict[bytes, bytes]", await self.redis.hgetall(key))
        found = {}
        for name, value in fields.items():
            topic, partition = partition_of(name.decode())
            if partition == 0 and topic.startswith(f"{self.settings.namespace}."):
                found[topic] = int(value)
        return found

    async def send(self, producer: Any, records: Sequence[Record], rate: float) -> float:  # noqa: ANN401
        """Send the records at `rate` a second; return at how many a second they were sent."""
        started = time.time()
        self.counts_from = started + _WARM_UP
        warm = False
        turn = iter(records)
        number = 0
        while number < len(records):
            now = time.time()
            for record in islice(turn, min(int((now - started) * rate) - number, len(records) - number)):
                number += 1
                topic = self.settings.topic(record.family)
                stamp = int(time.time() * 1000)
                offset = self.ends[topic] = self.ends.get(topic, 0) + 1
                self.waiting.setdefault(topic, deque()).append((offset, stamp / 1000))
                await producer.send(topic, record.value, record.key, partition=0, timestamp_ms=stamp)
            if not warm and now > self.counts_from:
                warm = True
                _print_json({"warm": True})
            await asyncio.sleep(_SEND_INTERVAL_S)
        self.sent = True
        await producer.flush()
        return len(records) / (time.time() - started)

    async def watch(self) -> None:
        """Note the latency of every record that the ledger is past, until all have arrived."""
        idle_since = time.time()
        while not self.sent or any(self.waiting.values()):
            offsets = await self.applied_offsets()
            now = time.time()
            for topic, waiting in self.waiting.items():
                applied = offsets.get(topic, 0)
                while waiting and waiting[0][0] <= applied:
                    _, stamp = waiting.popleft()
                    idle_since = now
                    if stamp > self.counts_from:
                        self.latencies.append(now - stamp)
            if now - idle_since > _TIMEOUT_S:
                message = f"nothing was applied for {_TIMEOUT_S:g} s"
                raise TimeoutError(message)
            await asyncio.sleep(_POLL_S)


async def _run(event_history: EventHistory, rate: float, seconds: float) -> None:
    settings = Settings.load()
    records = list(islice(event_history.live_records(datetime.now(UTC), rate), int((_WARM_UP + seconds) * rate)))
    async with Redis.from_url(settings.redis_url) as redis:
        traffic = _Traffic(settings, redis)
        traffic.ends = await traffic.applied_offsets()
        async with AIOKafkaProducer(bootstrap_servers=settings.brokers) as producer:
            achieved, _ = await asyncio.gather(traffic.send(producer, records, rate), traffic.watch())
    found = sorted(traffic.latencies)
    quantiles = {f"p{share}": found[min(len(found) * share // 100, len(found) - 1)] for share in (50, 90, 99)}
    _print_json({"events": len(found), "rate": achieved, **quantiles, "longest": found[-1]})


def _print_json(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)  # noqa: T201 - this is how it answers


if __name__ == "__main__":
    events, until, rate, seconds = sys.argv[1:]
    asyncio.run(_run(EventHistory(int(events), datetime.fromisoformat(until)), float(rate), float(seconds)))
