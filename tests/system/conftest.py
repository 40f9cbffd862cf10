"""Stories, which are told once, and sites."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stream_app.demo.embedded_servers import Server
from tests.servers.cluster import Cluster
from tests.system.site import Site
from tests.system.story import Story, long_story, short_story


@pytest.fixture(scope="session")
def long() -> Story:
    """Return half a year of a company, bad records included."""
    return long_story()


@pytest.fixture(scope="session")
def short() -> Story:
    """Return half a year of a part of it, without bad records."""
    return short_story()


@pytest.fixture
def site(cluster: Cluster, redis_url: str, namespace: str, tmp_path: Path) -> Iterator[Site]:
    """Return a site on the ordinary broker and the store that all tests share."""
    with Site(cluster, redis_url, namespace, tmp_path) as made:
        yield made


@pytest.fixture
def crash_site(crash_cluster: Cluster, crash_redis: Server, namespace: str, tmp_path: Path) -> Iterator[Site]:
    """Return a site on the broker of the crash tests and a store of its own."""
    store = f"redis://{crash_redis.address}/0"
    with Site(crash_cluster, store, namespace, tmp_path, session_timeout_s="3") as made:
        yield made
