"""Embedded servers start, serve, stop, and never outlive the process that wanted them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import redis

from stream_app.clients.ports import free_port
from stream_app.demo import embedded_servers as servers
from stream_app.demo.embedded_servers import (
    MissingProgramError,
    Server,
    ServerError,
    accepts,
    embedded_kafka,
    embedded_redis,
    redis_server,
)
from tests.servers.cluster import Cluster

_Embedded = Callable[[Path, int], AbstractContextManager[str]]

_TOP = Path(__file__).parents[2]
_PARENT = """
import sys, time
from pathlib import Path
from stream_app.demo.embedded_servers import embedded_kafka, embedded_redis
with embedded_kafka(Path(sys.argv[1], "kafka")) as kafka, embedded_redis(Path(sys.argv[1], "redis")) as url:
    print(kafka, url.split("/")[2], flush=True)
    time.sleep(60)
"""


@pytest.fixture
def taken_port() -> Iterator[int]:
    """Return a port on which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_the_broker_runs_until_the_context_exits(tmp_path: Path) -> None:
    with embedded_kafka(tmp_path) as address:
        cluster = Cluster(address)
        cluster.create("leads", partitions=2)
        cluster.produce("leads", [b"a", b"b"])
        assert {record.value for record in cluster.read("leads")} == {b"a", b"b"}
    assert not _answers(address)


def test_the_broker_keeps_its_records_over_a_clean_stop(tmp_path: Path) -> None:
    with embedded_kafka(tmp_path) as address:
        Cluster(address).create("leads")
        Cluster(address).produce("leads", [b"a"])
    with embedded_kafka(tmp_path) as address:
        assert [record.value for record in Cluster(address).read("leads")] == [b"a"]


def test_the_store_runs_until_the_context_exits(tmp_path: Path) -> None:
    with embedded_redis(tmp_path) as url, redis.Redis.from_url(url) as client:
        assert client.set("a", 1)
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("bind") == {"bind": "127.0.0.1"}
    assert not _answers(url.split("/")[2])


@pytest.mark.parametrize(("appendonly", "kept"), [(True, b"1"), (False, None)])
def test_a_killed_store_restarts_with_its_append_only_file(
    tmp_path: Path,
    appendonly: bool,
    kept: bytes | None,
) -> None:
    with redis_server(tmp_path, appendonly=appendonly) as server:
        port = server.port
        with redis.Redis(port=port) as client:
            client.set("a", 1)
        server.kill()
        assert server.pid is None
        server.start()
        assert server.port == port
        with redis.Redis(port=port) as client:
            assert client.get("a") == kept


def test_a_second_start_or_stop_does_nothing(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        pid = server.pid
        server.start()
        assert server.pid == pid
        server.stop()
        server.stop()
        server.kill()
        assert server.pid is None


def test_ctrl_c_reaches_the_caller_only(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        assert server.pid is not None
        assert os.getpgid(server.pid) != os.getpgid(0)


@pytest.mark.parametrize("embedded", [embedded_kafka, embedded_redis])
def test_a_taken_port_is_refused(tmp_path: Path, taken_port: int, embedded: _Embedded) -> None:
    with pytest.raises(ServerError, match=f"cannot have 127.0.0.1:{taken_port}"), embedded(tmp_path, taken_port):
        pytest.fail("it started")


def test_a_port_taken_in_the_meantime_is_picked_again(
    tmp_path: Path, taken_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = iter([taken_port, free_port()])
    monkeypatch.setattr(servers, "free_port", lambda: next(ports))
    with redis_server(tmp_path) as server:
        assert server.port != taken_port
        assert accepts(server)


def test_the_log_of_a_server_that_ends_is_quoted(tmp_path: Path) -> None:
    server = _script(tmp_path, "print('no such disk'); raise SystemExit(3)")
    with pytest.raises(ServerError, match=r"(?s)sketch ended by itself.*no such disk"):
        server.start()
    assert server.pid is None


def test_a_server_that_does_not_answer_is_killed(tmp_path: Path) -> None:
    server = _script(tmp_path, "import os, time; print(os.getpid(), flush=True); time.sleep(60)", timeout_s=0.5)
    started = time.monotonic()
    with pytest.raises(ServerError, match=r"sketch does not answer on 127.0.0.1:\d+ after 0.5 s"):
        server.start()
    assert time.monotonic() - started < 10
    (pid,) = server.log.read_text().split()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


def test_a_server_that_will_not_stop_is_killed(tmp_path: Path) -> None:
    server = _script(
        tmp_path,
        "import signal, socket, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "listening = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        "time.sleep(60)",
    )
    server.start()
    pid = server.pid
    assert pid is not None
    server.timeout_s = 0.5
    server.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_servers_die_with_a_killed_parent(tmp_path: Path, end: signal.Signals) -> None:
    with subprocess.Popen(  # noqa: S603 - this very interpreter
        [sys.executable, "-c", _PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=_TOP
    ) as parent:
        assert parent.stdout is not None
        addresses = parent.stdout.readline().split()
        assert [_answers(address) for address in addresses] == [True, True]
        parent.send_signal(end)
        parent.wait()
    deadline = time.monotonic() + 5
    while any(map(_answers, addresses)):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_missing_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingProgramError, match=r"noida_db.*stream-app\[demo\]"), embedded_kafka(tmp_path):
        pytest.fail("it started")


def _script(directory: Path, program: str, timeout_s: float = 10.0) -> Server:
    return Server(
        "sketch",
        directory,
        lambda port: [sys.executable, "-c", program, str(port)],
        accepts,
        timeout_s=timeout_s,
    )


def _answers(address: str) -> bool:
    host, port = address.split(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True
