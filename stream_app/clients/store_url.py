"""Where the store is: one server, sentinels that know it, or a cluster."""

from dataclasses import dataclass
from enum import Enum
from urllib.parse import unquote, urlsplit


class StoreKind(Enum):
    """What is found at the addresses of a URL, by the scheme that says so."""

    SERVER = "redis"
    SENTINEL = "redis+sentinel"
    CLUSTER = "redis+cluster"


SCHEMES = tuple(f"{tls}{kind.value.removeprefix('redis')}://" for kind in StoreKind for tls in ("redis", "rediss"))

_DEFAULT_PORT = {StoreKind.SERVER: 6379, StoreKind.SENTINEL: 26379, StoreKind.CLUSTER: 6379}


@dataclass(frozen=True, slots=True)
class StoreUrl:
    """A URL in parts. `username` is the server's, also where the addresses are those of sentinels."""

    kind: StoreKind
    tls: bool
    nodes: tuple[tuple[str, int], ...]
    username: str | None
    service: str
    database: int


def parse(url: str) -> StoreUrl:
    """The parts of a URL. Raises ValueError with a sentence that says what it should look like."""
    parts = urlsplit(url)
    scheme = parts.scheme.replace("rediss", "redis", 1)
    if not url.startswith(SCHEMES):
        raise ValueError("must begin with " + ", ".join(SCHEMES))
    kind = StoreKind(scheme)
    if kind is not StoreKind.SERVER and (parts.query or parts.fragment):
        msg = f"takes no options: {scheme}://host:port,host:port"
        raise ValueError(msg)
    userinfo, _, addresses = parts.netloc.rpartition("@")
    service, database = _path(kind, parts.path.strip("/"))
    return StoreUrl(
        kind=kind,
        tls=parts.scheme.startswith("rediss"),
        nodes=tuple(_address(each, _DEFAULT_PORT[kind]) for each in addresses.split(",")),
        username=unquote(userinfo.partition(":")[0]) or None,
        service=service,
        database=database,
    )


def _path(kind: StoreKind, path: str) -> tuple[str, int]:
    service, _, database = path.partition("/") if kind is StoreKind.SENTINEL else ("", "", path)
    if kind is StoreKind.SENTINEL and not service:
        msg = "must name the service that the sentinels watch: redis+sentinel://host:26379,host:26379/SERVICE/0"
        raise ValueError(msg)
    if database and not (database.isascii() and database.isdigit()):
        msg = "must end with the number of a database, or with none"
        raise ValueError(msg)
    if kind is StoreKind.CLUSTER and database not in {"", "0"}:
        msg = "a cluster has no database but 0"
        raise ValueError(msg)
    return unquote(service), int(database or 0)


def _address(text: str, default_port: int) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        msg = "must name its servers as host:port,host:port"
        raise ValueError(msg)
    return host, port or default_port
