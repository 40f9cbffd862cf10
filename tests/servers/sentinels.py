"""A primary, its replicas and the sentinels that watch them: all with passwords, each kind with its own."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import redis

from stream_app.demo.embedded_servers import Server, accepts
from tests.servers.replication import follow
from tests.servers.stores import program, store_server

SERVICE = "store"
SERVER_PASSWORD = "of-the-servers"  # noqa: S105 - of a test
SENTINEL_PASSWORD = "of-the-sentinels"  # noqa: S105 - of a test

_TIMEOUT_S = 30.0
_POLL_S = 0.05


class Watched(NamedTuple):
    """What runs: the servers, of which the first was the first primary, and the sentinels."""

    servers: list[Server]
    sentinels: list[Server]

    @property
    def url(self) -> str:
        """Where a client asks."""
        return f"redis+sentinel://{','.join(each.address for each in self.sentinels)}/{SERVICE}/0"

    @property
    def primary(self) -> Server:
        """The primary, as a sentinel knows it."""
        with self._ask() as sentinel:
            _, port = sentinel.sentinel_get_master_addr_by_name(SERVICE)
        (found,) = [each for each in self.servers if each.port == int(port)]
        return found

    def await_another_primary(self, than: Server) -> None:
        """Return once the sentinels agree on a new primary."""
        deadline = time.monotonic() + _TIMEOUT_S
        while self.primary is than:
            assert time.monotonic() < deadline, "no other primary was elected"
            time.sleep(_POLL_S)

    def await_end(self, before: Server) -> None:
        """Return once the primary of before is a replica: until then it takes writes, which are lost."""
        deadline = time.monotonic() + _TIMEOUT_S
        with redis.Redis(port=before.port, password=SERVER_PASSWORD) as client:
            while _role(client) != "slave":
                assert time.monotonic() < deadline, "the old primary is not demoted"
                time.sleep(_POLL_S)

    def fail_over(self) -> Server:
        """Have another server made primary, as before maintenance; return the one of before."""
        before = self.primary
        deadline = time.monotonic() + _TIMEOUT_S
        while True:
            try:
                with self._ask() as sentinel:
                    sentinel.execute_command("SENTINEL FAILOVER", SERVICE)
                self.await_another_primary(before)
            except redis.ResponseError:
                # There is no good replica yet, or the last failover is not over.
                assert time.monotonic() < deadline, "no failover"
                time.sleep(_POLL_S)
            else:
                return before

    def _ask(self) -> redis.Redis:
        return redis.Redis(port=self.sentinels[0].port, password=SENTINEL_PASSWORD, decode_responses=True)


@contextmanager
def watched_servers(directory: Path) -> Iterator[Watched]:
    """Run three servers and three sentinels that know each other."""
    with ExitStack() as stack:
        servers = [
            stack.enter_context(
                store_server(directory / f"server-{number}", requirepass=SERVER_PASSWORD, masterauth=SERVER_PASSWORD)
            )
            for number in range(3)
        ]
        for replica in servers[1:]:
            follow(replica, servers[0], password=SERVER_PASSWORD)
        sentinels = [
            stack.enter_context(_sentinel(directory / f"sentinel-{number}", servers[0].port)) for number in range(3)
        ]
        found = Watched(servers, sentinels)
        for each in sentinels:
            _await_others(each)
        yield found


def _role(client: redis.Redis) -> str:
    state: Any = client.info("replication")
    return str(state["role"])


def _sentinel(directory: Path, primary: int) -> Server:
    directory.mkdir(parents=True)
    binary = program(directory)

    def command(port: int) -> list[str]:
        conf = directory / "sentinel.conf"
        if not conf.exists():
            lines = [
                f"port {port}",
                "bind 127.0.0.1",
                f"dir {directory}",
                f"requirepass {SENTINEL_PASSWORD}",
                f"sentinel sentinel-pass {SENTINEL_PASSWORD}",
                f"sentinel monitor {SERVICE} 127.0.0.1 {primary} 2",
                f"sentinel auth-pass {SERVICE} {SERVER_PASSWORD}",
                f"sentinel down-after-milliseconds {SERVICE} 1000",
                f"sentinel failover-timeout {SERVICE} 5000",
            ]
            conf.write_text("\n".join(lines) + "\n")
        return [binary, str(conf), "--sentinel"]

    return Server("sentinel", directory, command, accepts)


def _await_others(sentinel: Server) -> None:
    with redis.Redis(port=sentinel.port, password=SENTINEL_PASSWORD, decode_responses=True) as client:
        deadline = time.monotonic() + _TIMEOUT_S
        while True:
            state: Any = client.sentinel_master(SERVICE)
            if int(state["num-other-sentinels"]) == 2 and int(state["num-slaves"]) == 2:
                return
            assert time.monotonic() < deadline, "the sentinels do not find each other"
            time.sleep(_POLL_S)
