"""Clients of a store's primary, which look for it again when it is no longer where they are connected to.

A server that is no primary any more keeps its connections: a client would stay with it for ever, although its address
leads elsewhere by now, or sentinels know better.
"""

from typing import Any

import redis
import redis.asyncio
import redis.asyncio.sentinel
import redis.sentinel
from redis.exceptions import AskError, ClusterDownError, ReadOnlyError

#: What only a server answers that is not, or no longer, the one that should be asked.
_ELSEWHERE = (ReadOnlyError, AskError, ClusterDownError)


class ClusterUrlNeededError(redis.RedisError):
    """The store is a Redis Cluster, and the URL does not say so."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("the store is a cluster: its URL has to begin with redis+cluster:// or rediss+cluster://")


class AsyncPrimary(redis.asyncio.Redis):
    """A client for an event loop."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as redis-py's
        """Answer a command. All connections are given up where a server answers that it is not the primary."""
        try:
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # has no types
        except _ELSEWHERE as error:
            pool = self.connection_pool
            await pool.update_active_connections_for_reconnect()  # type: ignore[no-untyped-call]  # has no types
            await pool.disconnect(inuse_connections=False)
            if isinstance(error, AskError):
                raise ClusterUrlNeededError from error
            raise

    async def aclose(self, close_connection_pool: bool | None = None) -> None:  # noqa: FBT001 - as redis-py's
        """Close all connections, those to sentinels as well."""
        await super().aclose(close_connection_pool)
        pool = self.connection_pool
        if isinstance(pool, redis.asyncio.sentinel.SentinelConnectionPool):
            await pool.sentinel_manager.aclose()


class Primary(redis.Redis):
    """A client for everything else."""

    def execute_command(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as redis-py's
        """Answer a command. All connections are given up where a server answers that it is not the primary."""
        try:
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # has no types
        except _ELSEWHERE as error:
            pool = self.connection_pool
            pool.update_active_connections_for_reconnect()
            pool.disconnect(inuse_connections=False)
            if isinstance(error, AskError):
                raise ClusterUrlNeededError from error
            raise

    def close(self) -> None:
        """Close all connections, those to sentinels as well."""
        super().close()
        pool = self.connection_pool
        if isinstance(pool, redis.sentinel.SentinelConnectionPool):
            pool.sentinel_manager.close()
