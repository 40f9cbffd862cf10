"""Every failure of Redis and Kafka has its cause and its remedy, on real servers and in real handshakes."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
import trustme
from kafka import KafkaAdminClient
from kafka.errors import KafkaError
from redis.exceptions import RedisError

from stream_app.clients.connections import async_redis, kafka_options, sync_redis
from stream_app.clients.failures import Failure, failure, kafka_trouble
from stream_app.clients.settings import Settings
from stream_app.demo.embedded_servers import Server, redis_server
from tests.servers.cluster import Cluster
from tests.servers.tls import tls_before

_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_NOBODY = "127.0.0.1:1"
_NO_HOST = "no-such-host.invalid:6379"

Authority = trustme.CA


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a store of these tests alone: they break it."""
    with redis_server(tmp_path_factory.mktemp("broken")) as server:
        yield server


@pytest.fixture(scope="module")
def authority() -> Authority:
    return trustme.CA()


@pytest.fixture(scope="module")
def authority_file(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def by_redis(settings: Settings) -> Failure:
    """What a command, and a worker, make of Redis's failure: the same."""
    found = _by_sync_redis(settings)
    assert asyncio.run(_by_async_redis(settings)) == found
    assert found is not None
    return found


def _by_sync_redis(settings: Settings) -> Failure | None:
    with sync_redis(settings) as connected:
        try:
            connected.set("{lifecycle}:x", "1")
        except RedisError as error:
            return failure(error, settings)
    return None


async def _by_async_redis(settings: Settings) -> Failure | None:
    async with async_redis(settings) as connected:
        try:
            await connected.set("{lifecycle}:x", "1")
        except RedisError as error:
            return failure(error, settings)
    return None


def by_kafka(settings: Settings) -> Failure:
    """What a command makes of Kafka's failure."""
    with pytest.raises(KafkaError) as raised:
        KafkaAdminClient(**kafka_options(settings), api_version_auto_timeout_ms=2000).close()
    found = failure(raised.value, settings)
    assert found is not None
    return found


def _redis_at(address: str, **more: Any) -> Settings:  # noqa: ANN401 - settings of any type
    return Settings.load(redis_url=f"{'rediss' if 'redis_ca_file' in more else 'redis'}://{address}/0", **more)


def _kafka_at(address: str, **more: Any) -> Settings:  # noqa: ANN401 - settings of any type
    security = "ssl" if "kafka_ca_file" in more else "plaintext"
    return Settings.load(kafka_url=f"kafka://{address}", kafka_security=security, **more)


def test_a_redis_that_is_not_there() -> None:
    found = by_redis(_redis_at(_NOBODY))
    assert str(found) == (
        "Redis at redis://127.0.0.1:1/0: nothing listens there. Start it, or correct STREAM_APP_REDIS_URL"
    )
    assert by_redis(_redis_at(_NO_HOST)).cause == "no such host name"


def test_a_kafka_that_is_not_there() -> None:
    found = by_kafka(_kafka_at(_NOBODY))
    assert (
        str(found) == "Kafka at kafka://127.0.0.1:1: nothing listens there. Start it, or correct STREAM_APP_KAFKA_URL"
    )
    assert by_kafka(_kafka_at(_NO_HOST)).cause == "no such host name"


@pytest.mark.parametrize(
    ("spoil", "cause", "remedy"),
    [
        ("wrong password", "wrong user name or password", "STREAM_APP_REDIS_PASSWORD_FILE"),
        ("no password", "wrong user name or password", "STREAM_APP_REDIS_PASSWORD_FILE"),
        ("no right", "NOPERM: ", "docs/production.md"),
        ("replica", "READONLY: You can't write against a read only replica", "primary"),
        ("full", "OOM: command not allowed when used memory > 'maxmemory'", "maxmemory"),
        ("no replicas", "NOREPLICAS: Not enough good replicas to write", "min-replicas-to-write"),
        ("busy", "BUSY: ", "SCRIPT KILL"),
        ("no disk", "MISCONF: ", "disk"),
    ],
)
def test_what_redis_answers(store: Server, spoil: str, cause: str, remedy: str) -> None:
    given = {"redis_username": "someone", "redis_password": "wrong"} if spoil == "wrong password" else {}
    with redis.Redis(port=store.port) as owner, _SPOILT[spoil](owner):
        found = by_redis(_redis_at(store.address, **given))
    assert found.cause.startswith(cause)
    assert remedy in found.remedy


@contextmanager
def _configured(owner: "redis.Redis", **values: str) -> Iterator[None]:
    before = {name.replace("_", "-"): owner.config_get(name.replace("_", "-")) for name in values}
    for name, value in values.items():
        owner.config_set(name.replace("_", "-"), value)
    yield
    for name, known in before.items():
        owner.config_set(name, known[name] or "")


@contextmanager
def _denied(owner: "redis.Redis") -> Iterator[None]:
    command: Any = owner.execute_command
    command("ACL", "SETUSER", "default", "-set")
    yield
    command("ACL", "SETUSER", "default", "+@all")


@contextmanager
def _replica(owner: "redis.Redis") -> Iterator[None]:
    owner.replicaof("127.0.0.1", "1")
    yield
    owner.replicaof("NO", "ONE")


@contextmanager
def _busy(owner: "redis.Redis") -> Iterator[None]:
    def loop() -> None:
        with suppress(RedisError):
            owner.eval("while true do end", 0)

    with _configured(owner, busy_reply_threshold="10"):
        thread = Thread(target=loop)
        thread.start()
        with redis.Redis(port=owner.get_connection_kwargs()["port"]) as other:
            while not _is_busy(other):
                pass
            yield
            other.script_kill()
        thread.join()


def _is_busy(store: "redis.Redis") -> bool:
    try:
        store.ping()
    except RedisError as error:
        return "BUSY" in str(error)
    return False


@contextmanager
def _unable_to_save(owner: "redis.Redis") -> Iterator[None]:
    taken = Path(str(owner.config_get("dir")["dir"])) / "dump.rdb"
    with _configured(owner, save="3600 1"):
        taken.mkdir()
        owner.bgsave()
        while owner.info("persistence")["rdb_bgsave_in_progress"]:
            pass
        yield
        taken.rmdir()
        owner.save()
    taken.unlink()


_SPOILT: dict[str, Callable[["redis.Redis"], Any]] = {
    "wrong password": _configured,
    "no password": lambda owner: _configured(owner, requirepass="secret"),
    "no right": _denied,
    "replica": _replica,
    "full": lambda owner: _configured(owner, maxmemory="1"),
    "no replicas": lambda owner: _configured(owner, min_replicas_to_write="1"),
    "busy": _busy,
    "no disk": _unable_to_save,
}

_HANDSHAKES = [
    ("expired", "its certificate has expired", "Renew it"),
    ("another name", "its certificate is for another name", "_URL"),
    ("another authority", "its certificate is signed by an authority that is not known here", "_CA_FILE"),
]
_WANTS_A_CERTIFICATE = (
    "client certificate",
    "it wants a certificate of the client, and refuses what it gets",
    "KAFKA_CERT_FILE",
)


def _context(authority: Authority, fault: str) -> ssl.SSLContext:
    signing = trustme.CA() if fault == "another authority" else authority
    name = "elsewhere.example" if fault == "another name" else "127.0.0.1"
    certificate = (
        signing.issue_cert(name, not_before=_LONG_AGO, not_after=_LONG_AGO.replace(year=2021))
        if (fault == "expired")
        else signing.issue_cert(name)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    if fault == "client certificate":
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.mark.parametrize(("fault", "cause", "remedy"), _HANDSHAKES)
def test_redis_behind_tls_that_fails(
    store: Server, authority: Authority, authority_file: Path, fault: str, cause: str, remedy: str
) -> None:
    with tls_before(store.port, _context(authority, fault)) as port:
        found = by_redis(_redis_at(f"127.0.0.1:{port}", redis_ca_file=authority_file))
    assert (found.cause, remedy in found.remedy) == (cause, True)


def test_a_redis_that_wants_a_certificate(store: Server, authority: Authority, authority_file: Path) -> None:
    fault, cause, remedy = _WANTS_A_CERTIFICATE
    with tls_before(store.port, _context(authority, fault)) as port:
        settings = _redis_at(f"127.0.0.1:{port}", redis_ca_file=authority_file)
        found, by_worker = _by_sync_redis(settings), asyncio.run(_by_async_redis(settings))
    assert found is not None
    assert (found.cause, remedy in found.remedy) == (cause, True)
    # TLS 1.3 says it after the handshake: asyncio may see no more than the end of the connection.
    assert by_worker is not None
    assert "it wants a certificate of the client" in by_worker.cause


@pytest.mark.parametrize(("fault", "cause", "remedy"), [*_HANDSHAKES, _WANTS_A_CERTIFICATE])
def test_kafka_behind_tls_that_fails(
    cluster: Cluster, authority: Authority, authority_file: Path, fault: str, cause: str, remedy: str
) -> None:
    with tls_before(_port(cluster.address), _context(authority, fault)) as port:
        found = by_kafka(_kafka_at(f"127.0.0.1:{port}", kafka_ca_file=authority_file))
    assert (found.cause, remedy in found.remedy) == (cause, True)


def test_tls_is_spoken_to_a_port_that_has_none(store: Server, cluster: Cluster, authority_file: Path) -> None:
    found = by_redis(_redis_at(store.address, redis_ca_file=authority_file))
    assert "no TLS is spoken there" in found.cause
    assert "STREAM_APP_REDIS_URL" in found.remedy
    found = by_kafka(_kafka_at(cluster.address, kafka_ca_file=authority_file))
    assert "no TLS is spoken there" in found.cause
    assert "STREAM_APP_KAFKA_URL" in found.remedy


def test_no_tls_is_spoken_to_a_port_that_has_it(store: Server, cluster: Cluster, authority: Authority) -> None:
    with ExitStack() as stack:
        near_store = stack.enter_context(tls_before(store.port, _context(authority, "")))
        near_broker = stack.enter_context(tls_before(_port(cluster.address), _context(authority, "")))
        of_redis, of_kafka = (
            by_redis(_redis_at(f"127.0.0.1:{near_store}")),
            by_kafka(_kafka_at(f"127.0.0.1:{near_broker}")),
        )
    assert of_redis.cause == "it closes the connection: perhaps TLS is spoken there"
    assert "rediss:// in STREAM_APP_REDIS_URL" in of_redis.remedy
    assert of_kafka.cause == "it closes the connection: perhaps TLS is spoken there, or it is no Kafka"
    assert "STREAM_APP_KAFKA_SECURITY=ssl" in of_kafka.remedy


def test_a_redis_is_no_kafka(store: Server) -> None:
    assert by_kafka(_kafka_at(store.address)).cause.endswith("or it is no Kafka")


def test_other_exceptions_are_no_failure_of_a_server() -> None:
    assert failure(ValueError("x"), Settings.load()) is None


def test_a_group_of_failures_has_the_cause_of_the_first() -> None:
    refused = redis.ConnectionError("Error 111 connecting to 127.0.0.1:1. Connection refused.")
    found = failure(ExceptionGroup("several", [refused]), _redis_at(_NOBODY))
    assert found is not None
    assert found.cause == "nothing listens there"


def _port(address: str) -> int:
    return urlsplit(f"//{address}").port or 0


@pytest.mark.parametrize("broker", ["kafka", "tansu"])
def test_a_broker_in_order_is_no_trouble(request: pytest.FixtureRequest, broker: str) -> None:
    assert kafka_trouble(Settings.load(kafka_url=f"kafka://{request.getfixturevalue(broker)}")) is None
