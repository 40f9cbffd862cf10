"""A real Apache Kafka, one KRaft node, from the jars that Maven Central holds. Needs Java 17 and Maven."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from stream_app.clients.ports import free_port
from stream_app.demo.embedded_servers import Server, ServerError, accepts

# The newest that can be had: 4.4.0 is listed, but one of the jars it depends on is missing from Maven Central.
VERSION = "4.3.1"
CACHE_VARIABLE = "STREAM_APP_KAFKA_CACHE"

_CACHE = Path(__file__).parents[2] / ".cache" / "kafka"
_JAVA = 17
_DOWNLOAD_SECONDS = 600
_CLUSTER_ID = "c3RyZWFtLWFwcC10ZXN0cw"
_JVM = ("-Xms128m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
_LOGGING = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true")

# Kafka speaks slf4j 1.7 and brings no logger of its own; without one its errors would be lost.
_POM = f"""\
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>stream-app</groupId>
  <artifactId>kafka-for-tests</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>{VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"""

_SETTINGS = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
log.dirs={data}
num.partitions=1
auto.create.topics.enable=true
offsets.topic.num.partitions=3
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=3
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.dedupe.buffer.size=4194304
"""


class UnavailableError(RuntimeError):
    """No real Kafka can be had on this machine; the message says why."""


def real_kafka_server(directory: Path, port: int = 0) -> Server:
    """Describe a broker over fresh or earlier data in `directory`; fetches the jars the first time, for a minute or so.

    Raises UnavailableError where Java, Maven or the download is missing.
    """
    text = _SETTINGS.format(port="{port}", controller_port=free_port(), data=directory / "data")
    command = format_and_command(directory, text)
    return Server("apache-kafka", directory, command, answers, port=port, timeout_s=60)


def format_and_command(directory: Path, text: str) -> Callable[[int], list[str]]:
    """Return what gives the command of a node for a port, and formats its `data` the first time.

    `text` are its settings, in which {port} is left to fill in. Raises UnavailableError as `real_kafka_server`.
    """
    java = _java()
    jars = str(_jars() / "*")
    settings = directory / "server.properties"

    def command(port: int) -> list[str]:
        settings.write_text(text.format(port=port))
        if not (directory / "data").exists():
            tool = [java, *_JVM, *_LOGGING, "-cp", jars, "kafka.tools.StorageTool"]
            _run([*tool, "format", "--cluster-id", _CLUSTER_ID, "--config", str(settings)], 60, ServerError)
        return [java, *_JVM, *_LOGGING, "-cp", jars, "kafka.Kafka", str(settings)]

    return command


def answers(server: Server) -> bool:
    """Whether a broker serves."""
    # The port is open long before the broker serves: only an answer counts.
    if not accepts(server):
        return False
    try:
        KafkaAdminClient(bootstrap_servers=server.address, bootstrap_timeout_ms=1000).close()
    except KafkaError:
        return False
    return True


def _jars() -> Path:
    """Return the directory that holds Kafka's jars, and fetch them unless some earlier run did."""
    cache = Path(os.environ.get(CACHE_VARIABLE) or _CACHE)
    jars = cache / VERSION
    if jars.exists():
        return jars
    maven = _program("mvn")
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / "lock"), tempfile.TemporaryDirectory(dir=cache, prefix="download-") as scratch:
        if not jars.exists():
            pom = Path(scratch) / "pom.xml"
            pom.write_text(_POM)
            fetched = Path(scratch) / "jars"
            goal = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
            options = ["-q", "-B", "-f", str(pom), "-DincludeScope=runtime", f"-DoutputDirectory={fetched}"]
            _run([maven, *options, goal], _DOWNLOAD_SECONDS, UnavailableError)
            # Renamed when complete: whoever sees the directory sees all of it.
            fetched.rename(jars)
    return jars


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _java() -> str:
    java = _program("java")
    words = _run([java, "--version"], 60, UnavailableError).split()
    if int(words[1].split(".")[0]) < _JAVA:
        message = f"real Kafka needs Java {_JAVA}, and {java} is {words[1]}"
        raise UnavailableError(message)
    return java


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        message = f"real Kafka needs {name}, which is not on the PATH"
        raise UnavailableError(message)
    return path


def _run(command: list[str], seconds: float, failure: type[RuntimeError]) -> str:
    name = Path(command[0]).name
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and arguments of our own
            command, check=True, timeout=seconds, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
    except subprocess.CalledProcessError as error:
        said = (error.stdout + error.stderr).strip().splitlines()
        message = f"{name} failed: " + "\n".join(said[:3])
        raise failure(message) from error
    except subprocess.TimeoutExpired as error:
        message = f"{name} took longer than {seconds:g} s"
        raise failure(message) from error
    return done.stdout
