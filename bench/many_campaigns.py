"""What a scrape and the wall cost with very many campaigns: `python -m bench.many_campaigns`, without a broker.

Every campaign has a lead, every third of these becomes an MQL, and every campaign has a spend and a reach record. The
events go through the worker's own pipeline into a real store. It prints a JSON object: seconds by the clock, seconds of
this process's and of the store's processor, and the load of the machine before and after.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import orjson
from redis import Redis

from bench.scrape import Scraper, WallAsker
from stream_app.catalog.fingerprint import fingerprint
from stream_app.cli.wiring import model
from stream_app.clients.connections import async_redis
from stream_app.clients.garbage_collection import collect_rarely
from stream_app.clients.settings import Settings
from stream_app.demo.embedded_servers import embedded_redis
from stream_app.exporter.wall import REUSED_S
from stream_app.store.ledger import Ledger
from stream_app.worker.batch import Batch, Record, RecordLike, split
from stream_app.worker.pipeline import Pipeline
from stream_app.worker.rejection_limit import RejectionLimit
from stream_app.worker.telemetry import Telemetry

_NAMESPACE = "bench"
_DAYS = 90
_SOURCES = 20
_CHANNELS = 10
_MQL_SHARE = 3
_LATER = 5
_BATCH = 4000


class _NoDeadLetters:
    async def send(self, batch: Batch, rejected: object) -> None:
        """Refuse: all events are good."""
        message = f"records of {batch.topic} were rejected: {rejected}"
        raise ValueError(message)


class _Intake:
    """Applies events as one worker would that reads them now."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ends: dict[str, int] = {}

    def apply(self, events: Iterable[tuple[str, bytes]]) -> int:
        """Apply the values of topics; return how many there were."""
        now = time.time_ns() // 1_000_000
        logs: dict[str, list[RecordLike]] = {}
        for family, value in events:
            log = logs.setdefault(self._settings.topic(family), [])
            log.append(Record(self._ends.get(self._settings.topic(family), 0) + len(log), now, None, value))
        asyncio.run(self._apply(logs))
        return sum(map(len, logs.values()))

    async def _apply(self, logs: dict[str, list[RecordLike]]) -> None:
        settings = self._settings
        async with async_redis(settings) as redis:
            ledger = Ledger(redis, settings.namespace, fingerprint(settings.rules))
            limit = RejectionLimit(settings.flood_ratio, lambda _: None)
            pipeline = Pipeline(
                model(settings.rules), ledger, _NoDeadLetters(), limit, Telemetry(), cached_entities=sys.maxsize
            )
            for topic, log in logs.items():
                begin = self._ends.get(topic, 0)
                end = self._ends[topic] = begin + len(log)
                for batch in split(Batch(topic, 0, begin, end, log), _BATCH):
                    await pipeline.apply(await pipeline.prepare(batch))


def _events(numbers: range, until: datetime) -> Iterator[tuple[str, bytes]]:
    for number in numbers:
        at = until - timedelta(days=_DAYS) * (1 - number / numbers.stop)
        labels = {"channel": f"channel-{number % _CHANNELS}", "campaign_id": f"campaign-{number}"}
        lead = {"lead_id": f"lead-{number}"}
        yield _event("lead.created", number, at, {**lead, "source": f"source-{number % _SOURCES}", **labels})
        if number % _MQL_SHARE == 0:
            yield _event("lead.stage_changed", number, min(at + timedelta(hours=1), until), {**lead, "to": "mql"})
        period = {"period_start": at.date().isoformat(), "period_end": at.date().isoformat()}
        spend = {"amount_minor": 100 + number, "currency": "EUR", "kind": "media", **period}
        yield _event("spend.recorded", number, at, {"spend_id": f"spend-{number}", **spend, **labels})
        reach = {"day": at.date().isoformat(), "kind": "ad_clicks", "count": 1 + number % 50}
        yield _event("reach.recorded", number, at, {"reach_id": f"reach-{number}", **reach, **labels})


def _event(kind: str, number: int, at: datetime, data: dict[str, Any]) -> tuple[str, bytes]:
    head = {"specversion": "1.0", "id": f"{kind}-{number}", "source": "/bench", "type": kind, "time": at.isoformat()}
    return kind.partition(".")[0], orjson.dumps({**head, "data": data})


class _Costs:
    """Measures calls: the clock, the processor of this process, and that of the store."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def of(self, call: Callable[[], object]) -> dict[str, float]:
        """The costs of a call, in seconds."""
        store, own, began = self._of_store(), time.process_time(), time.perf_counter()
        call()
        seconds = time.perf_counter() - began
        own, store = time.process_time() - own, self._of_store() - store
        return {"seconds": round(seconds, 3), "processor": round(own, 3), "processor_of_store": round(store, 3)}

    def of_later(self, call: Callable[[], object], before: Callable[[], None] = lambda: None) -> list[dict[str, float]]:
        """The costs of some calls, each after something has happened and when the wall gives new values."""
        found = []
        for _ in range(_LATER):
            before()
            time.sleep(REUSED_S)
            found.append(self.of(call))
        return found

    def _of_store(self) -> float:
        used: Any = self._redis.info("cpu")
        return float(used["used_cpu_user"] + used["used_cpu_sys"])


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--campaigns", type=click.IntRange(1), default=100_000, show_default=True, help="How many there are.")
def main(campaigns: int) -> None:
    """Measure the first scrape, those with nothing new, and those after one more lead; the wall's values likewise."""
    load = os.getloadavg()[0]
    with TemporaryDirectory(prefix="stream-app-bench-") as name, embedded_redis(Path(name)) as url:
        settings = Settings.load(redis_url=url, namespace=_NAMESPACE)
        intake = _Intake(settings)
        events = intake.apply(_events(range(campaigns), datetime.now(UTC)))
        found: dict[str, Any] = {"campaigns": campaigns, "events": events}
        more = iter(range(campaigns, campaigns + 1_000_000))

        def one_more() -> None:
            number = next(more)
            intake.apply(list(_events(range(number, number + 1), datetime.now(UTC)))[:1])

        collect_rarely()
        with Redis.from_url(url) as redis:
            costs = _Costs(redis)
            scraper, asker = Scraper(settings), WallAsker(settings)
            found["first scrape"] = costs.of(scraper.scrape)
            _, page = scraper.scrape()
            found["series"] = sum(1 for line in page.splitlines() if line and not line.startswith(b"#"))
            found["page bytes"] = len(page)
            found["scrape, nothing new"] = costs.of_later(scraper.scrape)
            found["scrape after one lead"] = costs.of_later(scraper.scrape, one_more)
            found["first wall.json"] = costs.of(asker.ask)
            found["wall.json, nothing new"] = costs.of_later(asker.ask)
            found["wall.json after one lead"] = costs.of_later(asker.ask, one_more)
            scraper.close()
            asker.close()
    click.echo(json.dumps({**found, "load": [round(load, 1), round(os.getloadavg()[0], 1)]}, indent=2))


if __name__ == "__main__":
    main()
