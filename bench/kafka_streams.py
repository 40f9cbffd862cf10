"""Candidate (e), Kafka Streams with exactly-once v2, and the real Apache Kafka that it and whoever it meets run on.

What it does is in `kafka_streams/Peer.java`, which Java compiles as it starts. Java goes on to compile what runs often
during the first 100,000 events, which cost more than twice as much as those that follow: its clock starts half-way. It
reads all topics in the order of time, so its second half is like its first. Our worker reads each topic as fast as it
can and has the costly ones left at the end, so its clock starts where it always does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.candidates import Candidate, counted, ours
from bench.environment import BenchEnvironment
from bench.measurement import Measurement, measure
from stream_app.cli.wiring import event_topics
from tests.servers.java import LOGGING, SLF4J_SIMPLE, UnavailableError, jars, java, run
from tests.servers.kafka import VERSION, real_kafka_server

__all__ = ["ON_APACHE_KAFKA", "apache_kafka"]

_SOURCE = Path(__file__).parent / "kafka_streams" / "Peer.java"
_ARTIFACTS = (f"org.apache.kafka:kafka-streams:{VERSION}", "redis.clients:jedis:8.0.2", SLF4J_SIMPLE)
# The collector that takes it the least processor time, of the three that suit it.
_MACHINE = ("-Xms1g", "-Xmx1g", "-XX:+UseParallelGC")
# As Kafka's own scripts start a broker.
_BROKER = ("-Xms1g", "-Xmx1g", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20")
_WARM_UP_SHARE = 0.5
_MAX_SECONDS = 120.0
_START_SECONDS = 60


@contextmanager
def apache_kafka(directory: Path) -> Iterator[str]:
    """Run a broker and yield its `host:port`.

    Raises UnavailableError where Java, its compiler, Maven or a download is missing, before anything is started.
    """
    _command()
    with real_kafka_server(directory, machine=_BROKER) as server:
        yield server.address


def kafka_streams(environment: BenchEnvironment, events: int) -> Measurement:
    """(e) See `kafka_streams/Peer.java`."""
    # What it writes to disk, RocksDB's program included, goes where all of it is removed.
    place = f"-Djava.io.tmpdir={environment.directory}"
    program, *arguments = _command()
    command = [program, place, *arguments, str(events), *event_topics(environment.settings)]
    with environment.running(command) as process:
        measurement = measure(
            counted(environment), events, process, environment.servers, longest=_MAX_SECONDS, warm_up=_WARM_UP_SHARE
        )
        process.wait()
    return measurement


ON_APACHE_KAFKA: dict[str, Candidate] = {"e": kafka_streams, "c": ours}
"""Those who are compared on Apache Kafka, in their order."""


def _command() -> list[str]:
    program = java()
    if "jdk.compiler" not in run([program, "--list-modules"], _START_SECONDS, UnavailableError):
        message = f"this needs a Java with its compiler, and {program} has none"
        raise UnavailableError(message)
    class_path = jars(f"streams-{VERSION}", _ARTIFACTS)
    return [program, *_MACHINE, *LOGGING, "-cp", class_path, str(_SOURCE)]
