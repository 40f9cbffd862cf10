"""An installation on a store that changes servers while a test looks at it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import redis

from stream_app.clients.connections import sync_redis
from stream_app.clients.settings import PREFIX, Settings
from stream_app.store.keys import Partition
from tests.system.event_sets import UNTIL, EventSet, RecordToSend
from tests.system.expectations import assert_exact
from tests.system.installation import Installation, answer, port
from tests.system.processes import CommandProcess, eventually

_TIMEOUT_S = 30.0
_POLL_S = 0.1


class ChangingInstallation(Installation):
    """Looks at the store as the product does, and again where it is just away."""

    def redis(self) -> redis.Redis:
        """Connect to the store."""
        secrets = {
            name: self._environment.get(f"{PREFIX}{name.upper()}")
            for name in ("redis_password", "redis_sentinel_password")
        }
        return sync_redis(Settings.load(redis_url=self.store, namespace=self.namespace, **secrets))

    def ledger(self) -> dict[Partition, int]:
        """Return the next offsets that the generation that serves has stored."""
        deadline = time.monotonic() + _TIMEOUT_S
        while True:
            try:
                return super().ledger()
            except redis.RedisError:
                assert time.monotonic() < deadline, "the store does not come back"
                time.sleep(_POLL_S)


@dataclass(frozen=True, slots=True)
class AtWork:
    """A worker and an exporter in the middle of their work, and the ports at which they listen."""

    installation: Installation
    worker: CommandProcess
    exporter: CommandProcess
    health: str
    metrics: str

    def assert_right(self, events: EventSet) -> None:
        """Let the worker come to the end of all events: both are well, and every number is that of the recount."""
        self.installation.await_all_applied(self.worker)
        answer(self.health, "/health", self.worker, lambda page: page.status == 200)
        answer(self.metrics, "/metrics", self.exporter, lambda page: "\nstream_app_redis_up 1.0\n" in page.text)
        assert self.worker.stop() == 0
        assert_exact(self.installation, events.events, UNTIL)


def at_work(installation: Installation, records: Sequence[RecordToSend], **environment: str) -> AtWork:
    """Start them on these records, and return when the worker has applied half of them."""
    installation.create_topics()
    health, metrics = port(), port()
    worker = installation.worker(batch_events="20", worker_port=health, **environment)
    exporter = installation.start("exporter", exporter_port=metrics, **environment)
    installation.produce(records)
    eventually(lambda: installation.applied() > len(records) / 2, "it is at work", worker)
    return AtWork(installation, worker, exporter, health, metrics)
