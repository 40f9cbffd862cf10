"""What was answered 2xx is in Kafka, whatever is killed; and nobody can make a gateway grow, or keep it from others."""

import asyncio
import gzip
import json
import socket
import threading
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Self

import aiohttp
import pytest
from aiohttp import web

from stream_app.clients.ports import free_port
from stream_app.demo.embedded_servers import Server, embedded_kafka
from stream_app.intake import connections
from tests.intake.conftest import gateway, installation
from tests.intake.declared import created, signed
from tests.intake.running import Running
from tests.servers.blackhole import Blackhole
from tests.servers.cluster import Cluster
from tests.servers.tansu import tansu_server
from tests.system.installation import Installation, answer
from tests.system.processes import eventually

# What the tests of the gateway are tried with, instead of the system's.
__all__ = ["gateway", "installation"]

# Seconds from the first request to the kill.
_MOMENTS = (0.0, 0.001, 0.002, 0.004, 0.008, 0.015, 0.03, 0.05, 0.08, 0.1, 0.15, 0.3)
_SENDERS = 8
# What the most impatient of senders waits.
_SENDER_WAITS_S = 4.0
_GROWTH = 24 * 1024 * 1024


class Senders:
    """Threads that post one new event after another, and remember what was answered 2xx."""

    def __init__(self, gateway: Running) -> None:
        self._gateway, self._ended, self._lock = gateway, threading.Event(), threading.Lock()
        self._next = 0
        self.taken: set[str] = set()
        self._threads = [threading.Thread(target=self._send) for _ in range(_SENDERS)]

    def __enter__(self) -> Self:
        """Begin."""
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Return when all have ended."""
        self._ended.set()
        for each in self._threads:
            each.join()

    def await_more(self) -> None:
        """Return once more was taken than by now."""
        before = len(self.taken)
        eventually(lambda: len(self.taken) > before, "something is taken", self._gateway.process)

    def _send(self) -> None:
        while not self._ended.is_set():
            with self._lock:
                first = self._next
                self._next += 3
            try:
                status, _ = self._gateway.post(*(created(first + number) for number in range(3)))
            except (OSError, HTTPException):
                self._ended.wait(0.005)
                continue
            if status == 200:
                with self._lock:
                    self.taken |= {f"e{first + number}" for number in range(3)}


def test_what_was_answered_2xx_is_in_kafka_after_every_kill(gateway: Running) -> None:
    with Senders(gateway) as senders:
        for moment in _MOMENTS:
            senders.await_more()
            threading.Event().wait(moment)
            gateway.process.kill()
            gateway.start()
            gateway.ready()
    assert len(senders.taken) >= len(_MOMENTS)
    assert_all_in_kafka(gateway, senders)


def test_what_was_answered_2xx_is_in_kafka_though_connections_broke(
    redis_url: str, namespace: str, tmp_path: Path
) -> None:
    # The broker itself goes on: the embedded one loses what it has acknowledged when it is stopped under load.
    with Blackhole() as network, tansu_server(tmp_path / "tansu", advertised=network.address) as server:
        network.target = server.port
        with Installation(Cluster(network.address), redis_url, namespace, tmp_path) as installation:
            installation.run("topics", "apply", "--partitions", "2")
            gateway = Running(installation, tmp_path).ready()
            with Senders(gateway) as senders:
                for moment in _MOMENTS:
                    senders.await_more()
                    threading.Event().wait(moment)
                    network.cut()
                senders.await_more()
                network.swallow()
                answer(gateway.metrics_at, "/health", gateway.process, lambda page: page.status == 503)
                network.restore()
                senders.await_more()
            assert_all_in_kafka(gateway, senders)


def assert_all_in_kafka(gateway: Running, senders: Senders) -> None:
    """Whatever was answered 2xx is among the events and in the inbox."""
    written = {json.loads(each.value)["id"] for each in gateway.logged("lead")}
    kept = {json.loads(each.value)["event"]["id"] for each in gateway.logged("inbox")}
    assert senders.taken - written == set()
    assert senders.taken - kept == set()


def memory(gateway: Running) -> int:
    """Return the bytes that the process has in memory."""
    pages = Path(f"/proc/{gateway.process.id}/statm").read_text().split()[1]
    return int(pages) * 4096


def refused(gateway: Running, count: int, size: int) -> list[int]:
    """Return what so many requests at once are answered, each with an item of so many bytes."""
    body = json.dumps([created(1) | {"x": "x" * size}]).encode()

    async def one(session: aiohttp.ClientSession) -> int:
        url = f"http://127.0.0.1:{gateway.at}/in/plain"
        async with session.post(url, data=body, headers=signed(body)) as response:
            if response.status == 503:
                assert response.headers["Retry-After"] == "30"
            return response.status

    async def all_at_once() -> list[int]:
        timeout = aiohttp.ClientTimeout(total=_SENDER_WAITS_S)
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            return await asyncio.gather(*(one(session) for _ in range(count)))

    return asyncio.run(all_at_once())


def assert_bounded_without_kafka(gateway: Running) -> None:
    """Every request gets its 503 in time, and what they were about does not pile up."""
    assert set(refused(gateway, 100, 100_000)) == {503}
    answer(gateway.metrics_at, "/health", gateway.process, lambda page: page.status == 503)
    before = memory(gateway)
    for _ in range(4):
        assert set(refused(gateway, 100, 100_000)) == {503}
    assert memory(gateway) - before < _GROWTH


def test_while_kafka_is_stopped_senders_get_503_and_nothing_grows(
    redis_url: str, namespace: str, tmp_path: Path
) -> None:
    at = free_port()
    with Installation(Cluster(f"127.0.0.1:{at}"), redis_url, namespace, tmp_path) as installation:
        with embedded_kafka(tmp_path / "kafka", at):
            installation.run("topics", "apply", "--partitions", "2")
            gateway = Running(installation, tmp_path).ready()
            assert gateway.post(created(1))[0] == 200
        assert_bounded_without_kafka(gateway)
        with embedded_kafka(tmp_path / "kafka", at):
            gateway.ready()
            assert gateway.post(created(2))[0] == 200
            assert {"e1", "e2"} <= {json.loads(each.value)["id"] for each in gateway.logged("lead")}


def test_while_kafka_is_silent_senders_get_503_and_nothing_grows(
    redis_url: str, namespace: str, tmp_path: Path
) -> None:
    with Blackhole() as network, tansu_server(tmp_path / "tansu", advertised=network.address) as server:
        network.target = server.port
        with Installation(Cluster(network.address), redis_url, namespace, tmp_path) as installation:
            installation.run("topics", "apply", "--partitions", "2")
            gateway = Running(installation, tmp_path).ready()
            assert gateway.post(created(1))[0] == 200
            network.swallow()
            assert_bounded_without_kafka(gateway)
            with gateway.begin("/in/plain", {"Content-Length": "1000"}):
                gateway.await_in_flight(1)
                assert gateway.process.stop() == 0, "in order, and in time: it would end with 4 else"
            gateway.start()
            network.restore()
            gateway.ready()
            eventually(lambda: gateway.post(created(2))[0] == 200, "Kafka takes records again", gateway.process)
            assert {"e1", "e2"} <= {json.loads(each.value)["id"] for each in gateway.logged("lead")}


def test_a_gateway_that_is_started_before_kafka_waits_and_says_why(
    redis_url: str, namespace: str, tmp_path: Path
) -> None:
    at = free_port()
    with Installation(Cluster(f"127.0.0.1:{at}"), redis_url, namespace, tmp_path) as installation:
        gateway = Running(installation, tmp_path)
        cause = "nothing listens there. Start it, or correct STREAM_APP_KAFKA_URL"
        page = answer(gateway.metrics_at, "/health", gateway.process, lambda page: cause in page.text)
        assert json.loads(page)["status"] == "degraded"
        status, headers = gateway.post(created(1))
        assert (status, headers["Retry-After"]) == (503, "30")
        assert gateway.process.stop() == 0
        gateway.start()
        answer(gateway.metrics_at, "/health", gateway.process, lambda page: cause in page.text)
        with embedded_kafka(tmp_path / "kafka", at):
            fix = "stream-app topics apply"
            answer(gateway.metrics_at, "/health", gateway.process, lambda page: fix in page.text)
            assert gateway.post(created(1))[0] == 503
            installation.run("topics", "apply", "--partitions", "2")
            gateway.ready()
            assert gateway.post(created(1))[0] == 200
        assert gateway.process.said.count(cause) == 1


def test_a_gateway_without_a_store_waits_and_takes_nothing(
    installation: Installation, crash_redis: Server, tmp_path: Path
) -> None:
    crash_redis.stop()
    gateway = Running(installation, tmp_path, redis_url=f"redis://{crash_redis.address}/0")
    cause = "nothing listens there. Start it, or correct STREAM_APP_REDIS_URL"
    answer(gateway.metrics_at, "/health", gateway.process, lambda page: cause in page.text)
    assert gateway.post(created(1))[0] == 503
    crash_redis.start()
    assert gateway.ready().post(created(1))[0] == 200
    crash_redis.stop()
    assert gateway.post(created(2))[0] == 200, "it is needed at the start alone"


def status_of(sender: socket.socket) -> int:
    """Return the status that comes on it."""
    with sender, sender.makefile("rb") as answered:
        return int(answered.readline().split()[1])


def test_slow_senders_keep_nobody_waiting_and_get_503(gateway: Running) -> None:
    slow = [gateway.begin("/in/plain", {"Content-Length": "1000"}) for _ in range(100)]
    assert gateway.post(created(1))[0] == 200
    assert {status_of(each) for each in slow} == {503}
    assert gateway.samples()["stream_app_gateway_in_flight", ()] == 0


@pytest.mark.parametrize("limit", ["in_flight = 1", "in_flight_bytes = 1048576"])
def test_beyond_what_may_be_in_flight_the_answer_is_503_at_once(
    installation: Installation, tmp_path: Path, limit: str
) -> None:
    (tmp_path / "sources.toml").write_text(f'[gateway]\n{limit}\n[sources.plain]\nsecret_file = "plain.secret"\n')
    gateway = Running(installation, tmp_path).ready()
    with gateway.begin("/in/plain", {"Transfer-Encoding": "chunked"}):
        eventually(
            lambda: gateway.samples()["stream_app_gateway_in_flight", ()] == 1,
            "the first one has begun",
            gateway.process,
        )
        # Nothing of its body is sent: it is answered unread.
        assert status_of(gateway.begin("/in/plain", {"Content-Length": "1000"})) == 503
    eventually(lambda: gateway.post(created(1))[0] == 200, "there is room again", gateway.process)


@pytest.mark.parametrize(
    "head", [{"Content-Length": f"{1600 * 65_536}"}, {"Transfer-Encoding": "chunked"}], ids=["announced", "chunked"]
)
def test_a_body_of_100_megabytes_is_answered_413_and_not_held(gateway: Running, head: dict[str, str]) -> None:
    assert gateway.post(created(1))[0] == 200
    before = memory(gateway)
    chunk = b" " * 65_536
    with gateway.begin("/in/plain", head) as sender:
        answered = sender.makefile("rb")
        with suppress(ConnectionError):  # it may hang up
            for _ in range(1600):
                sender.sendall(b"10000\r\n" + chunk + b"\r\n" if "Transfer-Encoding" in head else chunk)
        assert answered.readline().split()[1] == b"413"
        answered.close()
    assert memory(gateway) - before < _GROWTH
    assert gateway.post(created(2))[0] == 200


def test_a_compressed_body_is_never_expanded(gateway: Running) -> None:
    bomb = gzip.compress(b" " * 100_000_000)
    before = memory(gateway)
    for encoding in ("gzip", "deflate", "br", "x-unknown"):
        assert gateway.send("POST", "/in/plain", bomb, signed(bomb) | {"Content-Encoding": encoding})[0] == 415
    assert gateway.send("POST", "/in/plain", bomb, signed(bomb))[0] == 200
    assert [each["reason"] for each in gateway.inbox()] == ["malformed: the body is no JSON array"]
    assert memory(gateway) - before < _GROWTH


def test_a_connection_that_sends_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "FIRST_REQUEST_S", 0.1)
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 1)

    async def handle(_: web.BaseRequest) -> web.Response:
        return web.Response()

    async def tried() -> tuple[bytes, bytes, bytes]:
        runner = web.ServerRunner(connections.Connections(handle))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, at = runner.addresses[0]
        silent, to_silent = await asyncio.open_connection(host, at)
        beyond, to_beyond = await asyncio.open_connection(host, at)
        found = await _rest(beyond), await _rest(silent)
        used, to_used = await asyncio.open_connection(host, at)
        to_used.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        first = await used.readline()
        await asyncio.sleep(0.3)
        to_used.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        rest = await _rest(used)
        for each in (to_silent, to_beyond, to_used):
            each.close()
        await runner.cleanup()
        return *found, first + rest

    beyond, silent, used = asyncio.run(tried())
    assert (beyond, silent) == (b"", b"")
    assert used.count(b"HTTP/1.1 200 OK") == 2


async def _rest(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""
