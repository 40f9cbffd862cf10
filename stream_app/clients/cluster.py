"""Clients of a Redis Cluster, as seen by one namespace: all of its keys are in one slot, which one server has.

What goes wrong is raised as redis.RedisError, as from a single server, and nobody but the caller tries again.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Self

import redis
import redis.asyncio
import redis.asyncio.cluster
import redis.cluster
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException
from redis.retry import Retry

_WITHOUT_KEY = frozenset({"CONFIG GET", "INFO", "PING", "TIME"})
"""Commands that are about a server: that of the namespace is meant."""


class ClusterUnavailableError(redis.ConnectionError):
    """The cluster does not answer, or does not know which server has the slot."""


class AsyncCluster(redis.asyncio.RedisCluster):
    """A client for an event loop. `key` is any key of the namespace."""

    def __init__(self, nodes: Iterable[tuple[str, int]], key: str, **options: Any) -> None:  # noqa: ANN401
        self._key = key
        super().__init__(
            startup_nodes=[redis.asyncio.cluster.ClusterNode(*node) for node in nodes],
            require_full_coverage=False,
            # What the settings name is asked again: a name may lead to servers of which nobody has heard.
            dynamic_startup_nodes=False,
            retry=redis.asyncio.retry.Retry(NoBackoff(), 0),
            **options,
        )

    async def __aenter__(self) -> Self:
        """Connect later: at the first command."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all connections."""
        await self.aclose()

    async def execute_command(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as redis-py's
        """Answer a command."""
        with _raising_redis_errors():
            if args[0] in _WITHOUT_KEY:
                await self.initialize()
                options["target_nodes"] = self.get_node_from_key(self._key)
            return await super().execute_command(*args, **options)

    def get_node(self, host: str | None = None, port: int | None = None, node_name: str | None = None) -> Any:  # noqa: ANN401 - a node
        """The server that a redirection names."""
        return _known(super().get_node(host, port, node_name))


class Cluster(redis.cluster.RedisCluster):
    """A client for everything else; it connects when it is made. `key` is any key of the namespace."""

    def __init__(self, nodes: Iterable[tuple[str, int]], key: str, **options: Any) -> None:  # noqa: ANN401
        self._key = key
        with _raising_redis_errors():
            super().__init__(
                startup_nodes=[redis.cluster.ClusterNode(*node) for node in nodes],  # type: ignore[no-untyped-call]
                require_full_coverage=False,
                dynamic_startup_nodes=False,
                retry=Retry(NoBackoff(), 0),
                **options,
            )

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the server that has the namespace."""
        with _raising_redis_errors():
            node = self.get_node_from_key(self._key)  # type: ignore[no-untyped-call]
            return node.host, node.port

    def execute_command(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as redis-py's
        """Answer a command."""
        with _raising_redis_errors():
            if args[0] in _WITHOUT_KEY:
                options["target_nodes"] = self.get_node_from_key(self._key)  # type: ignore[no-untyped-call]
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    def get_node(self, host: str | None = None, port: int | None = None, node_name: str | None = None) -> Any:  # noqa: ANN401 - a node
        """The server that a redirection names."""
        return _known(super().get_node(host, port, node_name))  # type: ignore[no-untyped-call]


class LazyCluster:
    """Connects at the first command, as clients of single servers do; from then on it is that client."""

    def __init__(self, connect: Callable[[], Cluster]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._cluster: Cluster | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the client has
        """Give what the client has."""
        with self._lock:
            if self._cluster is None:
                self._cluster = self._connect()
        return getattr(self._cluster, name)

    def __enter__(self) -> Self:
        """Connect later."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close all connections."""
        self.close()

    def close(self) -> None:
        """Close all connections."""
        if self._cluster is not None:
            self._cluster.close()


def _known(node: Any) -> Any:  # noqa: ANN401 - of either kind of client
    if node is None:
        # It has no slot yet, so that the client has not heard of it: the keys are on their way there.
        msg = "a key is moving to a server that has no slot yet"
        raise ClusterUnavailableError(msg)
    return node


@contextmanager
def _raising_redis_errors() -> Iterator[None]:
    """redis-py's own class for trouble with clusters is none of its errors.

    While its map of the cluster is made anew, what reads the map fails in passing.
    """
    try:
        yield
    except (RedisClusterException, AttributeError, LookupError) as error:
        raise ClusterUnavailableError(str(error)) from error
