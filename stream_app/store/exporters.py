"""Which exporters of a namespace are scraped: each says so in the store, for a while."""

import secrets
from typing import Any

from redis import Redis

from stream_app.store.keys import exporters_key

LEASE_S = 150
"""How long an exporter counts after a scrape: longer than the usual intervals between scrapes."""


class ExporterLease:
    """The place of one exporter among those of its namespace. All times are the store's."""

    def __init__(self, redis: Redis, namespace: str) -> None:
        self._redis = redis
        self._key = exporters_key(namespace)
        self._name = secrets.token_hex(8)

    def renew(self) -> int:
        """Count as scraped now, and tell how many exporters do. Raises redis.RedisError."""
        seconds, _ = self._redis.time()
        self._redis.zremrangebyscore(self._key, "-inf", seconds - LEASE_S)
        self._redis.zadd(self._key, {self._name: seconds})
        count: Any = self._redis.zcard(self._key)
        return int(count)

    def end(self) -> None:
        """Count no more. Raises redis.RedisError."""
        self._redis.zrem(self._key, self._name)
