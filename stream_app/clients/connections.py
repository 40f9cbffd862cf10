"""How each client library is told where Kafka and Redis are, and who we are there."""

from typing import Any

import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

from stream_app.clients.primary import AsyncPrimary, Primary
from stream_app.clients.settings import Settings

REDIS_TIMEOUT_S = 5.0


def async_redis(settings: Settings) -> "redis.asyncio.Redis":
    """The store for a worker. It never retries by itself: the ledger does, and says so."""
    retry = redis.asyncio.retry.Retry(NoBackoff(), 0)
    return AsyncPrimary.from_url(settings.redis_url, retry=retry, **_redis_options(settings))


def sync_redis(settings: Settings) -> "redis.Redis":
    """The store for everything else."""
    return Primary.from_url(settings.redis_url, retry=Retry(NoBackoff(), 0), **_redis_options(settings))


def _redis_options(settings: Settings) -> dict[str, Any]:
    options: dict[str, Any] = {
        "socket_timeout": REDIS_TIMEOUT_S,
        "socket_connect_timeout": REDIS_TIMEOUT_S,
        "protocol": 2,
    }
    if settings.redis_username:
        options["username"] = settings.redis_username
    if settings.redis_password:
        options["password"] = settings.redis_password.get_secret_value()
    if settings.redis_ca_file and settings.redis_url.startswith("rediss://"):
        options["ssl_ca_certs"] = str(settings.redis_ca_file)
    return options


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
