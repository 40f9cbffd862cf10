"""A terminal for transcripts."""

import pytest

from tests.cli.transcripts import Terminal
from tests.servers.cluster import Cluster


@pytest.fixture
def terminal(cluster: Cluster, redis_url: str, namespace: str) -> Terminal:
    """Return a terminal on the ordinary broker and the store that all tests share."""
    return Terminal(cluster, redis_url, namespace)
