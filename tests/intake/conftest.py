"""Installations with an inbox, and gateways."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.intake.running import Running
from tests.servers.cluster import Cluster
from tests.system.installation import Installation


@pytest.fixture
def installation(cluster: Cluster, redis_url: str, namespace: str, tmp_path: Path) -> Iterator[Installation]:
    """Return an installation on the ordinary broker and the store that all tests share."""
    with Installation(cluster, redis_url, namespace, tmp_path) as made:
        made.create_topics()
        cluster.create(f"{namespace}.inbox", partitions=2)
        yield made


@pytest.fixture
def gateway(installation: Installation, tmp_path: Path) -> Running:
    """Return a gateway that takes requests."""
    return Running(installation, tmp_path).ready()
