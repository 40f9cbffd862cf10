"""Sets of events, which are made once, and installations."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from stream_app.demo.embedded_servers import Server
from tests.servers.cluster import Cluster
from tests.system.event_sets import EventSet, large_event_set, small_event_set
from tests.system.installation import Installation


@pytest.fixture(scope="session")
def large_set() -> EventSet:
    """Return half a year of a company, bad records included."""
    return large_event_set()


@pytest.fixture(scope="session")
def small_set() -> EventSet:
    """Return half a year of a part of it, without bad records."""
    return small_event_set()


@pytest.fixture
def installation(cluster: Cluster, redis_url: str, namespace: str, tmp_path: Path) -> Iterator[Installation]:
    """Return an installation on the ordinary broker and the store that all tests share."""
    with Installation(cluster, redis_url, namespace, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shared_installation(
    cluster: Cluster, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """Return an installation that the tests of a file share: they only read its numbers."""
    with Installation(cluster, redis_url, f"t{uuid4().hex[:12]}", tmp_path_factory.mktemp("shared")) as made:
        yield made


@pytest.fixture
def crash_installation(
    crash_cluster: Cluster, crash_redis: Server, namespace: str, tmp_path: Path
) -> Iterator[Installation]:
    """Return an installation on the broker of the crash tests and a store of its own."""
    store = f"redis://{crash_redis.address}/0"
    with Installation(crash_cluster, store, namespace, tmp_path, session_timeout_s="3") as made:
        yield made
