"""Where the bench runs: one broker and one store for all candidates, and the settings that each of them gets."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from redis import Redis

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
    _groups: Iterator[int] = field(default_factory=count)

    @property
    def spool(self) -> Path:
        """The file with the history's records."""
        return self.directory / "history"

    @property
    def offsets(self) -> str:
        """The key of the offsets that the worker has stored."""
        return GenerationKeys.of(_NAMESPACE, FIRST_GENERATION).offsets

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
def bench_environment() -> Iterator[BenchEnvironment]:
    """Start the embedded servers, and end them and remove all they wrote when the block ends."""
    with TemporaryDirectory(prefix="stream-app-bench-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        with embedded_kafka(directory / "kafka") as broker, embedded_redis(directory / "redis") as url:
            settings = Settings.load(kafka_url=f"kafka://{broker}", redis_url=url, namespace=_NAMESPACE)
            with Redis.from_url(url) as redis:
                yield BenchEnvironment(directory, settings, redis)


def python(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of the bench."""
    return [sys.executable, "-m", module, *arguments]
