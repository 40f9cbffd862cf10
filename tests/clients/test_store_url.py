"""A URL says which kind of store there is, and where."""

import pytest
from pydantic import ValidationError

from stream_app.clients.settings import Settings
from stream_app.clients.store_url import StoreKind, StoreUrl, parse


def _parts(
    kind: StoreKind,
    *nodes: tuple[str, int],
    tls: bool = False,
    username: str | None = None,
    service: str = "",
    database: int = 0,
) -> StoreUrl:
    return StoreUrl(kind, tls, nodes, username, service, database)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("redis://a:1/2", _parts(StoreKind.SERVER, ("a", 1), database=2)),
        ("rediss://app@a", _parts(StoreKind.SERVER, ("a", 6379), tls=True, username="app")),
        (
            "redis+sentinel://a:1,b:2,c/main/3",
            _parts(StoreKind.SENTINEL, ("a", 1), ("b", 2), ("c", 26379), service="main", database=3),
        ),
        (
            "rediss+sentinel://app@[::1]:5/main",
            _parts(StoreKind.SENTINEL, ("::1", 5), tls=True, username="app", service="main"),
        ),
        ("redis+cluster://a:1,b", _parts(StoreKind.CLUSTER, ("a", 1), ("b", 6379))),
        ("rediss+cluster://app@a:1/0", _parts(StoreKind.CLUSTER, ("a", 1), tls=True, username="app")),
    ],
)
def test_a_url_is_taken_apart(url: str, parts: StoreUrl) -> None:
    assert parse(url) == parts
    assert Settings.load(redis_url=url).store == parts


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://a:1,b:2",
        "redis+sentinel://a:1/main/first",
        "redis+sentinel://a:1/main/0?db=1",
        "redis+sentinel://a:1,b:port/main",
        "redis+sentinel:///main",
        "redis+sentinel://a,,b/main",
        "redis+cluster://a:1/1",
        "redis+cluster://a:1?ssl=true",
        "redis+cluster://app:hunter2@a:1",
        "redis+cluster://a:1,app:hunter2@b:1",
        "redis+replica://a:1",
        "sentinel://a:1/main",
        "unix:///run/redis.sock",
    ],
)
def test_a_url_that_says_too_little_or_too_much_is_refused(url: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Settings.load(redis_url=url)
    assert "hunter2" not in str(raised.value)
