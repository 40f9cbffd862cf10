"""Time that passes a minute a second: shorter rules, a Prometheus that follows them, a company that lives as fast."""

import asyncio
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from stream_app.catalog.fingerprint import fingerprint
from stream_app.clients.connections import async_redis
from stream_app.clients.settings import Settings
from stream_app.spec.working_time import WORKING_TIME
from stream_app.store.ledger import Ledger
from stream_app.worker.batch import Batch, Record
from stream_app.worker.result import Applied
from stream_app.worker.telemetry import Telemetry
from tests.monitoring.alerts.stories import ROOT
from tests.monitoring.dashboards.site import Queries, running_prometheus
from tests.worker.pipelines import pipeline_of

SPEEDUP = 60
"""How many times as fast as in the world."""

_MINUTE_MS = 60_000
_LATE = 12 * 60
_HISTORY = 120
_STAY = 5
_ALLOWED = 6
_WAIT = 7 * 24 * 60

_TIMEOUT_S = 120

_UNITS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_TIMED = re.compile(r"\[[\dsmhd]+(?::[\dsmhd]+)?\]|\boffset [\dsmhd]+")
_DURATION = re.compile(r"(?:\d+[smhd])+")


def accelerated(expr: str) -> str:
    """Shorten ranges, subqueries and offsets; durations in quotes are labels, which the exporter's clock shortens."""
    return _TIMED.sub(lambda timed: _DURATION.sub(lambda each: _shorter(each[0]), timed[0]), expr)


def accelerated_rules(alert: str) -> dict[str, Any]:
    """Return the rendered file of the alert, all of it, with every duration shortened."""
    rendered = (YAML(typ="safe").load(path.read_text("utf-8")) for path in (ROOT / "prometheus/rules").glob("*.yml"))
    file: dict[str, Any] = next(each for each in rendered if alert in _alerts(each))
    for group in file["groups"]:
        group["interval"] = _shorter(group["interval"])
        for rule in group["rules"]:
            # The hours of a day are not shortened.
            rule["expr"] = "vector(0)" if rule.get("record") == WORKING_TIME else accelerated(rule["expr"])
            rule |= {key: _shorter(rule[key]) for key in ("for", "keep_firing_for") if key in rule}
    return file


def _alerts(file: dict[str, Any]) -> set[str]:
    return {rule["alert"] for group in file["groups"] for rule in group["rules"] if "alert" in rule}


def _shorter(duration: str) -> str:
    length = sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([smhd])", duration))
    return f"{length // SPEEDUP}ms"


class Watch(Queries):
    """A Prometheus that can be asked who is told what."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self._alerts = f"http://127.0.0.1:{port}/api/v1/alerts"
        self._ready = f"http://127.0.0.1:{port}/-/ready"

    def wait_until_ready(self) -> None:
        """Return when it answers queries; before, it refuses them in words that are no JSON."""
        deadline = time.monotonic() + _TIMEOUT_S
        while True:
            try:
                urllib.request.urlopen(self._ready, timeout=10).close()  # noqa: S310 - our own server
            except urllib.error.HTTPError as refused:
                refused.close()
            except OSError:
                pass
            else:
                return
            assert time.monotonic() < deadline, "Prometheus does not start"
            time.sleep(0.1)

    def alerts(self, name: str) -> list[dict[str, Any]]:
        """Return what is pending or firing under a name."""
        with urllib.request.urlopen(self._alerts, timeout=10) as answer:  # noqa: S310 - our own server
            found: list[dict[str, Any]] = json.load(answer)["data"]["alerts"]
        return [each for each in found if each["labels"]["alertname"] == name]


@contextmanager
def accelerated_prometheus(directory: Path, exporter: int, rules: dict[str, Any]) -> Iterator[Watch]:
    """Run a real Prometheus with rules that scrapes an exporter every second."""
    # JSON is YAML.
    (directory / "rules.json").write_text(json.dumps(rules))
    scraped = {"job_name": "stream-app-exporter", "static_configs": [{"targets": [f"127.0.0.1:{exporter}"]}]}
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(directory / "rules.json")],
        "scrape_configs": [scraped],
    }
    # The five minutes for which a sample counts as the present one.
    with running_prometheus(directory, config, f"--query.lookback-delta={_shorter('5m')}") as port:
        watch = Watch(port)
        watch.wait_until_ready()
        watch.wait_for("up == 1")
        yield watch


class Company:
    """Enrolls a lead a minute in two programs at once; what it says goes through the worker's own pipeline.

    `welcome` is `hello` and then `guide`, five minutes each, of six allowed; `onboarding` lets everybody wait seven
    days. While `stalled`, nobody leaves `guide`.
    """

    def __init__(self, settings: Settings) -> None:
        self.stalled = False
        self.now = 0
        self._settings = settings
        # Half a day late: a worker rejects what is ahead of its own clock, and this clock must not get there.
        self._born = (int(time.time() * 1000) // _MINUTE_MS - _LATE) * _MINUTE_MS
        self._begun = time.monotonic()
        self._minutes = 0
        self._in_guide: list[int] = []
        self._offset = 0
        self._live(_HISTORY)

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Go on living until something is so; fail if it never is."""
        deadline = time.monotonic() + _TIMEOUT_S
        while not condition():
            assert time.monotonic() < deadline, f"it never came to be: {what}"
            time.sleep(0.1)
            self._live(_HISTORY + int((time.monotonic() - self._begun) * SPEEDUP / 60))

    def _live(self, minutes: int) -> None:
        records = []
        while self._minutes < minutes:
            self._minutes += 1
            for event in self._minute(self._minutes):
                at = self._time(self._minutes)
                key, value = event["data"]["lead_id"].encode(), json.dumps(event).encode()
                records.append(Record(self._offset, at, key, value))
                self._offset += 1
        if records:
            now = self._time(self._minutes)
            asyncio.run(self._apply(records, now))
            # The exporter's clock follows what is applied: on a busy machine its numbers come late, but never stale.
            self.now = now

    def _minute(self, number: int) -> Iterator[dict[str, Any]]:
        """Say what happens in a minute; leads and enrollments are named by the minute that they came in."""
        yield self._event("program.enrolled", number, program_id="welcome")
        yield self._event("program.enrolled", number, program_id="onboarding")
        yield self._enters("hello", number, _ALLOWED, program_id="welcome")
        yield self._enters("wait", number, _WAIT, program_id="onboarding")
        if number > _STAY:
            yield self._leaves("hello", number - _STAY)
            yield self._enters("guide", number - _STAY, _ALLOWED, program_id="welcome")
            self._in_guide.append(number)
        if not self.stalled:
            for since in [each for each in self._in_guide if each <= number - _STAY]:
                self._in_guide.remove(since)
                yield self._leaves("guide", since - _STAY)

    def _enters(self, step: str, lead: int, allowed: int, program_id: str) -> dict[str, Any]:
        due = _iso(self._time(self._minutes + allowed))
        return self._event("program.step_entered", lead, program_id=program_id, step_id=step, due_at=due)

    def _leaves(self, step: str, lead: int) -> dict[str, Any]:
        return self._event("program.step_exited", lead, program_id="welcome", step_id=step, outcome="advanced")

    def _event(self, kind: str, lead: int, *, program_id: str, **more: str) -> dict[str, Any]:
        names = {"lead_id": f"lead-{lead}", "enrollment_id": f"{program_id}-{lead}", "program_id": program_id}
        return {
            "specversion": "1.0",
            "id": "-".join((kind, program_id, more.get("step_id", ""), str(lead))),
            "type": kind,
            "source": "an accelerated company",
            "time": _iso(self._time(self._minutes)),
            "data": names | more,
        }

    def _time(self, minutes: int) -> int:
        return self._born + minutes * _MINUTE_MS

    async def _apply(self, records: list[Record], now: int) -> None:
        settings = self._settings
        batch = Batch(settings.topic("lead"), 0, records[0].offset, records[-1].offset + 1, records)
        async with async_redis(settings) as redis:
            ledger = Ledger(redis, settings.namespace, fingerprint(settings.rules))
            pipeline = pipeline_of(settings, ledger, Telemetry())
            assert await pipeline.apply(await pipeline.prepare(batch)) == Applied()
            await ledger.mark_current({batch.source: now})


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat()
