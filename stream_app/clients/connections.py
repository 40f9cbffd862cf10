"""How each client library is told where Kafka and Redis are, and who we are there."""

from typing import Any, cast

import redis
import redis.asyncio
import redis.asyncio.sentinel
import redis.sentinel
from pydantic import SecretStr
from redis.backoff import NoBackoff
from redis.retry import Retry

from stream_app.clients.cluster import AsyncCluster, Cluster, LazyCluster
from stream_app.clients.primary import AsyncPrimary, Primary
from stream_app.clients.settings import Settings
from stream_app.clients.store_url import StoreKind

REDIS_TIMEOUT_S = 5.0


def async_redis(settings: Settings) -> "redis.asyncio.Redis":
    """The store for a worker. It never retries by itself: the ledger does, and says so."""
    retry = redis.asyncio.retry.Retry(NoBackoff(), 0)
    store, options = settings.store, _redis_options(settings)
    if store.kind is StoreKind.SENTINEL:
        watching = _sentinel_options(settings) | {"retry": retry}
        sentinel = redis.asyncio.sentinel.Sentinel(store.nodes, sentinel_kwargs=watching)  # type: ignore[no-untyped-call]
        found: AsyncPrimary = sentinel.master_for(
            store.service, AsyncPrimary, db=store.database, retry=retry, **options
        )
        return found
    if store.kind is StoreKind.CLUSTER:
        return cast("redis.asyncio.Redis", AsyncCluster(store.nodes, _any_key(settings), **options))
    return AsyncPrimary.from_url(settings.redis_url, retry=retry, **options)


def sync_redis(settings: Settings) -> "redis.Redis":
    """The store for everything else."""
    retry = Retry(NoBackoff(), 0)
    store, options = settings.store, _redis_options(settings)
    if store.kind is StoreKind.SENTINEL:
        watching = _sentinel_options(settings) | {"retry": retry}
        sentinel = redis.sentinel.Sentinel(store.nodes, sentinel_kwargs=watching)  # type: ignore[no-untyped-call]
        found: Primary = sentinel.master_for(  # type: ignore[no-untyped-call]
            store.service, Primary, db=store.database, retry=retry, **options
        )
        return found
    if store.kind is StoreKind.CLUSTER:
        cluster = LazyCluster(lambda: Cluster(store.nodes, _any_key(settings), **options))
        return cast("redis.Redis", cluster)
    return Primary.from_url(settings.redis_url, retry=retry, **options)


def primary_address(client: redis.Redis) -> tuple[str, int]:
    """Host and port of the server that a client of `sync_redis` writes to. Raises redis.RedisError."""
    if isinstance(client, LazyCluster):
        host, port = client.address
        return host, port
    pool = client.connection_pool
    if isinstance(pool, redis.sentinel.SentinelConnectionPool):
        host, port = pool.get_master_address()  # type: ignore[no-untyped-call]
    else:
        host, port = (pool.connection_kwargs[name] for name in ("host", "port"))
    return str(host), int(port)


def _any_key(settings: Settings) -> str:
    """A key in the slot of the namespace: the hash tag alone decides."""
    return f"{{{settings.namespace}}}"


def _redis_options(settings: Settings) -> dict[str, Any]:
    username = settings.redis_username or settings.store.username
    return _common_options(settings) | _login(username, settings.redis_password)


def _sentinel_options(settings: Settings) -> dict[str, Any]:
    """What sentinels are told: no secret of the server's, because they are programs of their own."""
    return _common_options(settings) | _login(settings.redis_sentinel_username, settings.redis_sentinel_password)


def _common_options(settings: Settings) -> dict[str, Any]:
    options: dict[str, Any] = {
        "socket_timeout": REDIS_TIMEOUT_S,
        "socket_connect_timeout": REDIS_TIMEOUT_S,
        "protocol": 2,
    }
    if settings.store.tls:
        # A URL of a single server says so by itself.
        if settings.store.kind is not StoreKind.SERVER:
            options["ssl"] = True
        if settings.redis_ca_file:
            options["ssl_ca_certs"] = str(settings.redis_ca_file)
    return options


def _login(username: str | None, password: SecretStr | None) -> dict[str, str]:
    options = {"username": username, "password": password.get_secret_value() if password else None}
    return {name: value for name, value in options.items() if value}


def kafka_options(settings: Settings) -> dict[str, Any]:
    """Arguments of kafka-python's clients."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.brokers.split(","),
        "security_protocol": settings.kafka_security.upper(),
    }
    if context := settings.tls():
        options["ssl_context"] = context
    if settings.kafka_password:
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_username
        options["sasl_plain_password"] = settings.kafka_password.get_secret_value()
    return options


def aiokafka_options(settings: Settings) -> dict[str, Any]:
    """Arguments of aiokafka's clients."""
    options = kafka_options(settings)
    return options | {"bootstrap_servers": settings.brokers}
