"""A real Apache Kafka, one KRaft node, from the jars that Maven Central holds. Needs Java 17 and Maven."""

from collections.abc import Callable, Sequence
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from stream_app.clients.ports import free_port
from stream_app.demo.embedded_servers import Server, ServerError, accepts
from tests.servers.java import LOGGING, SLF4J_SIMPLE, jars, java, run

# The newest that can be had: 4.4.0 is listed, but one of the jars it depends on is missing from Maven Central.
VERSION = "4.3.1"

SMALL = ("-Xms128m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
"""Options of a Java virtual machine that starts soon and takes little memory, for tests."""

_CLUSTER_ID = "c3RyZWFtLWFwcC10ZXN0cw"

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


def real_kafka_server(directory: Path, port: int = 0, machine: Sequence[str] = SMALL) -> Server:
    """Describe a broker over fresh or earlier data in `directory`; fetches the jars the first time, for a minute or so.

    `machine` are the options of its Java virtual machine. Raises UnavailableError where Java, Maven or the download is
    missing.
    """
    text = _SETTINGS.format(port="{port}", controller_port=free_port(), data=directory / "data")
    command = format_and_command(directory, text, machine)
    return Server("apache-kafka", directory, command, answers, port=port, timeout_s=60)


def format_and_command(directory: Path, text: str, machine: Sequence[str] = SMALL) -> Callable[[int], list[str]]:
    """Return what gives the command of a node for a port, and formats its `data` the first time.

    `text` are its settings, in which {port} is left to fill in. Raises UnavailableError as `real_kafka_server`.
    """
    program = [
        java(),
        *machine,
        *LOGGING,
        "-cp",
        jars(VERSION, (f"org.apache.kafka:kafka_2.13:{VERSION}", SLF4J_SIMPLE)),
    ]
    settings = directory / "server.properties"

    def command(port: int) -> list[str]:
        settings.write_text(text.format(port=port))
        if not (directory / "data").exists():
            tool = [*program, "kafka.tools.StorageTool", "format"]
            run([*tool, "--cluster-id", _CLUSTER_ID, "--config", str(settings)], 60, ServerError)
        return [*program, "kafka.Kafka", str(settings)]

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
