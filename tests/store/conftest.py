"""A client of the store that all tests share."""

from collections.abc import Iterator

import pytest
from redis import Redis


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    """Return a client; the keys of a test are those of its `namespace`."""
    with Redis.from_url(redis_url) as client:
        yield client
