"""Where the bench runs: one broker and one store for all candidates, and the settings that each of them gets."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from redis import Redis

from bench.measurement import children, processor
from stream_app.clients.settings import PREFIX, Settings
from stream_app.demo.embedded_servers import embedded_kafka, embedded_redis
from stream_app.store.keys import FIRST_GENERATION, GenerationKeys

__all__ = ["BenchEnvironment", "CandidateError", "bench_environment", "python"]

_NAMESPACE = "bench"
_ROOT = Path(__file__).parent.parent
_LOG_TAIL = 15


class CandidateError(Exception):
    """A candidate failed."""


@dataclass
class BenchEnvironment:
    """The addresses of a run, and a directory that lives as long as it does."""

    directory: Path
    settings: Settings
    redis: Redis
    broker_pids: frozenset[int]
    _groups: Iterator[int] = field(default_factory=count)

    @property
    def spool(self) -> Path:
        """The file with the history's records."""
        return self.directory / "history"

    @property
    def offsets(self) -> str:
        """The key of the offsets that the worker has stored."""
        return GenerationKeys.of(_NAMESPACE, FIRST_GENERATION).offsets

    def processor_of_store(self) -> float:
        """Processor seconds that the store has used."""
        used = cast("dict[str, float]", self.redis.info("cpu"))
        return used["used_cpu_user"] + used["used_cpu_sys"]

    def processor_of_broker(self) -> float:
        """Processor seconds that the broker has used; 0 where the system does not tell."""
        return sum(processor(pid) or 0.0 for pid in self.broker_pids)

    @property
    def servers(self) -> dict[str, Callable[[], float]]:
        """What says how many processor seconds each server has used, by name."""
        return {"store": self.processor_of_store, "broker": self.processor_of_broker}

    def clear_store(self) -> None:
        """Empty the store."""
        self.redis.flushall()

    @contextmanager
    def running(self, command: Sequence[str], **extra: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a candidate in a consumer group of its own; it is asked to end, and then made to, when the block ends.

        It is told everything by the product's own environment variables; `extra` are more of them. What it says on
        standard error goes to a file.
        """
        group = f"{_NAMESPACE}-{next(self._groups)}"
        given = {"kafka_url": self.settings.kafka_url, "redis_url": self.settings.redis_url, "namespace": _NAMESPACE}
        variables = {PREFIX + name.upper(): value for name, value in {**given, "group": group, **extra}.items()}
        log = self.directory / f"{group}.log"
        with log.open("wb") as errors:
            process = subprocess.Popen(  # noqa: S603 - our own candidates
                command,
                env={**os.environ, **variables},
                cwd=_ROOT,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
            try:
                yield process
                _check(process)
            except Exception as error:
                lines = log.read_text(errors="replace").splitlines()[-_LOG_TAIL:]
                error.add_note("\n".join([f"The log of {' '.join(command)} ends:", *lines]))
                raise
            finally:
                if process.poll() is None:
                    process.terminate()
                    try:
                        process.wait(5)
                    except subprocess.TimeoutExpired:
                        process.kill()
                        process.wait()
                if process.stdout is not None:
                    process.stdout.close()


def _check(process: subprocess.Popen[bytes]) -> None:
    if process.poll():
        message = f"it ended with {process.returncode}"
        raise CandidateError(message)


@contextmanager
def bench_environment(
    kafka: Callable[[Path], AbstractContextManager[str]] = embedded_kafka,
) -> Iterator[BenchEnvironment]:
    """Start a store and a broker, the embedded one unless another is given, and end them when the block ends.

    `kafka` runs a broker in a directory and yields its `host:port`. All that the servers wrote is removed.
    """
    with TemporaryDirectory(prefix="stream-app-bench-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        with ExitStack() as stack:
            before = children()
            broker = stack.enter_context(kafka(directory / "kafka"))
            broker_pids = frozenset(children() - before)
            url = stack.enter_context(embedded_redis(directory / "redis"))
            settings = Settings.load(kafka_url=f"kafka://{broker}", redis_url=url, namespace=_NAMESPACE)
            redis = stack.enter_context(Redis.from_url(url))
            yield BenchEnvironment(directory, settings, redis, broker_pids)


def python(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of the bench."""
    return [sys.executable, "-m", module, *arguments]
