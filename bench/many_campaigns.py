"""What a scrape and the wall cost with very many campaigns: `python -m bench.many_campaigns`, without a broker.

Every campaign has a lead, every third of these becomes an MQL, and every campaign has a spend and a reach record. The
events go through the worker's own pipeline into a real store. It prints a JSON object: seconds by the clock, seconds of
this process's and of the store's processor, and the load of the machine before and after.
"""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from redis import Redis

from bench.intake import Intake, envelope
from bench.leads import fill
from bench.scrape import Scraper, WallAsker
from bench.script_durations import watch_script
from stream_app.clients.connections import async_redis
from stream_app.clients.settings import Settings
from stream_app.demo.embedded_servers import embedded_redis
from stream_app.exporter.wall import REUSED_S

__all__ = ["figures_of_campaigns", "figures_of_series", "measure"]

_NAMESPACE = "bench"
_DAYS = 90
_SOURCES = 20
_CHANNELS = 10
_MQL_SHARE = 3
_LATER = 5


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


def _event(kind: str, number: int, at: datetime, data: Mapping[str, Any]) -> tuple[str, bytes]:
    return kind.partition(".")[0], envelope(kind, number, at.isoformat(), data)


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

    async def of_later(
        self, call: Callable[[], object], before: Callable[[], Awaitable[object]] | None = None
    ) -> list[dict[str, float]]:
        """The costs of some calls, each after something has happened and when the wall gives new values."""
        found = []
        for _ in range(_LATER):
            if before is not None:
                await before()
            await asyncio.sleep(REUSED_S)
            found.append(self.of(call))
        return found

    def _of_store(self) -> float:
        used: Any = self._redis.info("cpu")
        return float(used["used_cpu_user"] + used["used_cpu_sys"])


async def measure(settings: Settings, campaigns: int) -> dict[str, Any]:
    """Fill an empty store; scrape it, and ask for the wall's values, with nothing new and after one more lead."""
    more = count(campaigns)
    async with async_redis(settings) as redis:
        intake = Intake(settings, redis)
        await fill(intake, _events(range(campaigns), datetime.now(UTC)))

        async def one_more() -> None:
            number = next(more)
            family, value = next(_events(range(number, number + 1), datetime.now(UTC)))
            await intake.apply(family, [value])

        found: dict[str, Any] = {"campaigns": campaigns}
        with Redis.from_url(settings.redis_url) as own, watch_script(own, "read.lua") as reads:
            costs = _Costs(own)
            scraper, asker = Scraper(settings), WallAsker(settings)
            found["first scrape"] = costs.of(scraper.scrape)
            _, page = scraper.scrape()
            found["series"] = sum(1 for line in page.splitlines() if line and not line.startswith(b"#"))
            found["page bytes"] = len(page)
            found["scrape, nothing new"] = await costs.of_later(scraper.scrape)
            found["scrape after one lead"] = await costs.of_later(scraper.scrape, one_more)
            found["first wall.json"] = costs.of(asker.ask)
            found["wall.json, nothing new"] = await costs.of_later(asker.ask)
            found["wall.json after one lead"] = await costs.of_later(asker.ask, one_more)
            scraper.close()
            asker.close()
    return {**found, "longest script, ms": reads.quantile(1)}


def figures_of_series(found: Mapping[str, Any]) -> dict[str, float]:
    """What the aims are about, of few campaigns: all are shown."""
    return {
        "first_scrape": found["first scrape"]["seconds"],
        "scrape": _longest(found, "scrape, nothing new", "scrape after one lead"),
    }


def figures_of_campaigns(found: Mapping[str, Any]) -> dict[str, float]:
    """What the aims are about, of very many."""
    return {
        "scrape_of_campaigns": _longest(found, "scrape after one lead"),
        "wall_of_campaigns": _longest(found, "wall.json after one lead"),
        "store_blocked": found["longest script, ms"],
    }


def _longest(found: Mapping[str, Any], *names: str) -> float:
    return max(float(each["seconds"]) for name in names for each in found[name])


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--campaigns", type=click.IntRange(1), default=100_000, show_default=True, help="How many there are.")
def main(campaigns: int) -> None:
    """Measure the first scrape, those with nothing new, and those after one more lead; the wall's values likewise."""
    load = os.getloadavg()[0]
    with TemporaryDirectory(prefix="stream-app-bench-") as name, embedded_redis(Path(name)) as url:
        found = asyncio.run(measure(Settings.load(redis_url=url, namespace=_NAMESPACE), campaigns))
    click.echo(json.dumps({**found, "load": [round(load, 1), round(os.getloadavg()[0], 1)]}, indent=2))


if __name__ == "__main__":
    main()
