"""An installation on a store that changes servers while a test looks at it."""

import time

import redis

from stream_app.clients.connections import sync_redis
from stream_app.clients.settings import PREFIX, Settings
from stream_app.store.keys import Partition
from tests.system.installation import Installation

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
