"""Servers for every test: started once a session and when first asked for; tests keep apart by `namespace`."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from stream_app.demo.embedded_servers import Server, embedded_kafka, embedded_redis, redis_server
from tests.servers.cluster import Cluster
from tests.servers.java import UnavailableError
from tests.servers.kafka import real_kafka_server
from tests.servers.kafka_python import closed_connections
from tests.servers.tansu import tansu_server

# `ci` is how the suite runs before a change lands and wherever --hypothesis-profile says nothing else; `dev` is for the
# look at a change in between.
settings.register_profile("ci", max_examples=100, print_blob=True)
settings.register_profile("dev", max_examples=25)
settings.load_profile("ci")

# What takes longest begins first, so that no process of a parallel run is left alone with it at the end.
_LONG = ("tests/system/", "tests/cli/", "tests/monitoring/", "tests/worker/")

# Brokers that are, or may be, a real Apache Kafka.
_JAVA = {"real_kafka", "crash_kafka"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the whole suite run on another broker."""
    parser.addoption(
        "--broker",
        choices=("noida", "tansu", "kafka"),
        default="noida",
        help="the broker that tests which need any broker run on (default: noida, the embedded one)",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes long; on another broker than the ordinary one, leave out what would only repeat itself."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))
    for item in items:
        if _needs_java(item):
            item.add_marker(pytest.mark.slow)
    if config.getoption("--broker") == "noida":
        return
    repeated = [item for item in items if "kafka" not in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=repeated)
    items[:] = [item for item in items if item not in repeated]


def _needs_java(item: pytest.Item) -> bool:
    """Say whether it starts a Java machine, which takes seconds in each process of a parallel run."""
    callspec = getattr(item, "callspec", None)
    parameters = () if callspec is None else map(str, callspec.params.values())
    return not _JAVA.isdisjoint([*getattr(item, "fixturenames", ()), *parameters])


@pytest.fixture(scope="session", autouse=True)
def _closed_connections() -> Iterator[None]:
    with closed_connections():
        yield


@pytest.fixture
def namespace() -> str:
    """Return a name nobody used before, for the keys, topics and groups of one test."""
    return f"t{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run the ordinary broker, the one that --broker names, and return its `host:port`."""
    broker = request.config.getoption("--broker")
    if broker == "noida":
        with embedded_kafka(tmp_path_factory.mktemp("kafka")) as address:
            yield address
    else:
        yield request.getfixturevalue("tansu" if broker == "tansu" else "real_kafka")


@pytest.fixture(scope="session")
def tansu(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run Tansu and return its `host:port`."""
    with tansu_server(tmp_path_factory.mktemp("tansu")) as server:
        yield server.address


@pytest.fixture(scope="session")
def real_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a real Apache Kafka and return its `host:port`; skip where none can be had."""
    try:
        server = real_kafka_server(tmp_path_factory.mktemp("real-kafka"))
    except UnavailableError as reason:
        pytest.skip(str(reason))
    with server:
        yield server.address


@pytest.fixture(scope="session")
def crash_kafka(request: pytest.FixtureRequest) -> str:
    """Return the `host:port` of a broker whose groups survive crashes: real Kafka, or Tansu where there is none."""
    try:
        address: str = request.getfixturevalue("real_kafka")
    except pytest.skip.Exception:
        address = request.getfixturevalue("tansu")
    return address


@pytest.fixture(scope="session")
def cluster(kafka: str) -> Cluster:
    """Return the ordinary broker as a thing to make, fill and read topics on."""
    return Cluster(kafka)


@pytest.fixture(scope="session")
def crash_cluster(crash_kafka: str) -> Cluster:
    """Return the broker of the crash tests as a thing to make, fill and read topics on."""
    return Cluster(crash_kafka)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a store that all tests share and return its URL; never flush it, take a `namespace`."""
    with embedded_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def crash_redis(tmp_path: Path) -> Iterator[Server]:
    """Run a store of the test's own, which may flush, kill and restart it; it keeps an append-only file."""
    with redis_server(tmp_path / "redis", appendonly=True) as server:
        yield server
