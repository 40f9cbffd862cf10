"""One installation: topics, a store, and the commands that work on them."""

import json
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from datetime import datetime
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import redis
from kafka import KafkaProducer, OffsetSpec, TopicPartition
from prometheus_client.parser import text_string_to_metric_families
from redis.backoff import NoBackoff
from redis.retry import Retry

from stream_app.clients.ports import free_port
from stream_app.store.generations import serving_keys
from stream_app.store.keys import Partition, partition_of
from tests.servers.cluster import Cluster
from tests.system.event_sets import FAMILIES, RecordToSend
from tests.system.processes import CommandProcess, eventually, run, run_line

Series = tuple[str, frozenset[tuple[str, str]]]


class DeadLetter(NamedTuple):
    """A dead letter: where the record was, and why it was rejected."""

    topic: str
    partition: int
    offset: int
    cause: str
    value: bytes


class Installation:
    """What one test runs, under a namespace of its own. As a context manager it crashes what still runs at the end."""

    def __init__(self, cluster: Cluster, store: str, namespace: str, directory: Path, **environment: str) -> None:
        """Take the servers; `environment` are settings of all commands, without their prefix and in any case."""
        self.cluster, self.store, self.namespace = cluster, store, namespace
        self._directory = directory
        self._environment = _named(environment)
        self._programs: list[CommandProcess] = []
        self._number = count(1)
        self._produced: dict[Partition, int] = {}

    def __enter__(self) -> Self:
        """Nothing runs yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave nothing behind."""
        for program in self._programs:
            program.kill()

    # Topics -----------------------------------------------------------------------------------------------------------

    @property
    def topics(self) -> list[str]:
        """The topics of events."""
        return [f"{self.namespace}.{family}" for family in FAMILIES]

    def create_topics(self, partitions: int = 3) -> None:
        """Make them, and the one of dead letters."""
        self.cluster.create(*self.topics, partitions=partitions)
        self.cluster.create(f"{self.namespace}.dlq")

    def produce(self, records: Iterable[RecordToSend]) -> None:
        """Send the records, each to the partition that its key says, and wait until the broker has them."""
        with closing(KafkaProducer(bootstrap_servers=self.cluster.address, enable_idempotence=False)) as producer:
            waiting = [
                producer.send(f"{self.namespace}.{each.family}", key=each.key, value=each.value) for each in records
            ]
            producer.flush()
            for each in waiting:
                place = each.get()
                source = place.topic, place.partition
                self._produced[source] = max(self._produced.get(source, 0), place.offset + 1)

    def ends(self) -> dict[Partition, int]:
        """Return the end of every partition's log."""
        with self.cluster.admin() as admin:
            described = admin.describe_topics(self.topics)
            partitions = [
                TopicPartition(each["name"], partition["partition_index"])
                for each in described
                for partition in each["partitions"]
            ]
            found = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
        listed = {(each.topic, each.partition): answer.offset for each, answer in found.items()}
        # Tansu lists an end that lies before its last batch.
        return {source: max(end, self._produced.get(source, 0)) for source, end in listed.items()}

    def committed(self, group: str | None = None) -> dict[Partition, int]:
        """Return what lag tools see: the group's offsets."""
        group = group or self.namespace
        with self.cluster.admin() as admin:
            found = admin.list_group_offsets(group)[group]
        return {(each.topic, each.partition): entry.offset for each, entry in found.items()}

    def dead_letters(self) -> set[DeadLetter]:
        """Return the dead letters, each once."""
        letters = set()
        for record in self.cluster.read(f"{self.namespace}.dlq"):
            about = {name: value.decode() for name, value in record.headers if not name.startswith("original.")}
            place = about["topic"], int(about["partition"]), int(about["offset"])
            letters.add(DeadLetter(*place, about["cause"], record.value or b""))
        return letters

    # The store --------------------------------------------------------------------------------------------------------

    def redis(self) -> redis.Redis:
        """Connect to the store."""
        return redis.Redis.from_url(self.store, retry=Retry(NoBackoff(), 0))

    def ledger(self) -> dict[Partition, int]:
        """Return the next offsets that the generation that serves has stored."""
        with self.redis() as client:
            fields = client.hgetall(serving_keys(client, self.namespace).offsets)
        return {partition_of(field.decode()): int(offset) for field, offset in fields.items()}

    def applied(self) -> int:
        """Return how many records the ledger has behind it."""
        return sum(self.ledger().values())

    def flush(self) -> None:
        """Wipe the store."""
        with self.redis() as client:
            client.flushall()

    # Programs ---------------------------------------------------------------------------------------------------------

    def start(self, *arguments: str, **environment: str) -> CommandProcess:
        """Start a command that goes on."""
        log = self._directory / f"{arguments[0]}-{next(self._number)}.log"
        started = CommandProcess(list(arguments), self._complete(environment), log)
        self._programs.append(started)
        return started

    def start_by(self, program: Sequence[str], *arguments: str, **environment: str) -> CommandProcess:
        """Start a command that goes on by another program than ours."""
        log = self._directory / f"{arguments[0]}-{next(self._number)}.log"
        started = CommandProcess(list(arguments), self._complete(environment), log, program)
        self._programs.append(started)
        return started

    def worker(self, *arguments: str, **environment: str) -> CommandProcess:
        """Start a worker."""
        return self.start("worker", *arguments, **environment)

    def run(self, *arguments: str, **environment: str) -> str:
        """Run a command that ends well and return what it prints."""
        log = self._directory / f"{arguments[0]}-{next(self._number)}.log"
        code, printed = run(list(arguments), self._complete(environment), log)
        assert code == 0, log.read_text()
        return printed

    def try_run(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """Run a command that may fail; return its exit code and what it prints."""
        log = self._directory / f"{arguments[0]}-{next(self._number)}.log"
        return run(list(arguments), self._complete(environment), log)

    def run_line(self, line: str) -> tuple[int, str]:
        """Run a line that users copy into a shell with the settings of all commands."""
        return run_line(line, self._complete({}))

    def drain(self, **environment: str) -> dict[str, Any]:
        """Run a worker until all is applied and return its report."""
        report: dict[str, Any] = json.loads(self.run("worker", "--drain", "--json", **environment))
        return report

    def kpis(self, as_of: datetime, **environment: str) -> dict[Series, float]:
        """Return what `kpis --json` prints."""
        rows = json.loads(self.run("kpis", "--json", "--as-of", as_of.isoformat(), **environment))
        names = Counter((row["name"], frozenset(row["labels"].items())) for row in rows)
        assert set(names.values()) <= {1}, "a series stands there twice"
        return {(row["name"], frozenset(row["labels"].items())): row["value"] for row in rows}

    # Waiting ----------------------------------------------------------------------------------------------------------

    @property
    def logs(self) -> str:
        """All that every program has said."""
        return "\n".join(log.read_text() for log in self._directory.glob("*.log"))

    def await_all_applied(self, *workers: CommandProcess) -> None:
        """Return once the ledger has reached the end of every log."""
        ends = {source: end for source, end in self.ends().items() if end}
        eventually(lambda: self.ledger() == ends, f"the ledger reaches {ends}", *workers)

    def await_shared(self, *workers: CommandProcess) -> None:
        """Return once these workers have all partitions among them, and each has some."""
        whole = self.ends().keys()

        def shared() -> bool:
            parts = [worker.partitions for worker in workers]
            return all(parts) and sum(map(len, parts)) == len(whole) and set().union(*parts) == whole

        eventually(shared, f"{len(workers)} workers share {len(whole)} partitions", *workers)

    def _complete(self, environment: dict[str, str]) -> dict[str, str]:
        return {
            "STREAM_APP_KAFKA_URL": f"kafka://{self.cluster.address}",
            "STREAM_APP_REDIS_URL": self.store,
            "STREAM_APP_NAMESPACE": self.namespace,
            "STREAM_APP_WORKER_PORT": "0",
            "STREAM_APP_SESSION_TIMEOUT_S": "6",  # brokers refuse less unless they are told otherwise
            "STREAM_APP_WATCH_INTERVAL_S": "0.5",
            **self._environment,
            **_named(environment),
        }


class Page(NamedTuple):
    """What a program answers over HTTP."""

    status: int
    text: str


def port() -> str:
    """Return a port for a program to listen on."""
    return str(free_port())


def get(at: str, path: str) -> Page | None:
    """Ask a program on this machine that listens at a port; None if nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{at}{path}", timeout=10) as answer:
            return Page(answer.status, answer.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            return Page(error.code, error.read().decode())
    except OSError:
        return None


def answer(at: str, path: str, program: CommandProcess, when: Callable[[Page], bool] = lambda _: True) -> str:
    """Ask until the answer is one that was waited for, and return it."""
    last: list[Page] = []

    def came() -> bool:
        page = get(at, path)
        last[:] = [page] if page is not None else []
        return page is not None and when(page)

    eventually(came, f"{path} answers as it should", program)
    return last[0].text


def _named(environment: dict[str, str]) -> dict[str, str]:
    return {f"STREAM_APP_{name.upper()}": value for name, value in environment.items()}


def conflicts(at: str) -> dict[str, float]:
    """Return how many commits of the worker that listens at a port were refused, by what was out of date."""
    page = get(at, "/metrics")
    assert page is not None
    return {
        sample.labels["kind"]: sample.value
        for family in text_string_to_metric_families(page.text)
        for sample in family.samples
        if sample.name == "stream_app_commit_conflicts_total"
    }
