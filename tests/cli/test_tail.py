"""`tail`: live records, decoded, and nothing that can name a person."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from stream_app.demo.embedded_servers import embedded_kafka
from tests.cli.transcripts import COMMAND, Terminal
from tests.servers.cluster import Cluster

LEAD = {
    "id": "e1",
    "type": "lead.created",
    "time": "2026-03-02T09:14:03.5+01:00",
    "data": {"lead_id": "L1", "source": "Jane Doe", "score": 7},
}
DEAL = {
    "id": "e2",
    "type": "opportunity.won",
    "time": "2026-03-02T09:15:00Z",
    "data": {
        "account_id": "acme",
        "opportunity_id": "o1",
        "kind": "upsell",
        "amount_minor": 5,
        "currency": "EUR",
        "reason": "Jane liked it",
    },
}
PERSONAL = {"id": "e3", "type": "lead.created", "time": "2026-03-02T09:16:00Z", "data": {"lead_id": "jane@example.com"}}
LINES = {"lead": [LEAD, PERSONAL], "opportunity": [DEAL]}


@contextmanager
def tailing(terminal: Terminal, log: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `tail` and yield once it follows."""
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [COMMAND, "tail", *arguments],
            env=terminal.environment,
            stdout=output,
            stderr=subprocess.PIPE,
        )
    with process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline().startswith(b"following ")
            yield process
        finally:
            process.kill()


def send(cluster: Cluster, namespace: str) -> None:
    for topic, events in LINES.items():
        cluster.produce(f"{namespace}.{topic}", [json.dumps(each).encode() for each in events])


def test_tail_prints_what_arrives_decoded_and_marks_what_is_rejected(
    cluster: Cluster, terminal: Terminal, tmp_path: Path
) -> None:
    terminal.run("topics", "apply", "--partitions", "1")
    cluster.produce(f"{terminal.namespace}.lead", [b"earlier"])
    with tailing(terminal, tmp_path / "said", "--count", "3") as process:
        send(cluster, terminal.namespace)
        assert process.wait(60) == 0
    said = terminal.said((tmp_path / "said").read_text())
    rejected = "REJECTED pii_identifier: Expected an identifier without @ - at `$.data.lead_id`"
    deal = "account_id=acme opportunity_id=o1 kind=upsell amount_minor=5 currency=EUR"
    assert sorted(re.sub(r"^\S+  (?=.*REJECTED)", "", line) for line in said.splitlines()) == [
        "2026-03-02T08:14:03.500Z  the-namespace.lead[0]@1  lead.created e1  lead_id=L1 score=7",
        f"2026-03-02T09:15:00.000Z  the-namespace.opportunity[0]@0  opportunity.won e2  {deal}",
        f"the-namespace.lead[0]@2  {rejected}",
    ]
    assert "ane" not in said


def test_tail_begins_with_the_last_records_and_takes_one_topic(cluster: Cluster, terminal: Terminal) -> None:
    terminal.run("topics", "apply", "--partitions", "1")
    send(cluster, terminal.namespace)
    said = terminal.run("tail", "--last", "2", "--count", "2", "--topic", "lead", "--json")
    rows = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert rows[0] == {
        "topic": "the-namespace.lead",
        "partition": 0,
        "offset": 0,
        "time": "2026-03-02T08:14:03.500Z",
        "type": "lead.created",
        "id": "e1",
        "data": {"lead_id": "L1", "score": 7},
    }
    assert [row["rejected"] for row in rows[1:]] == ["pii_identifier"]


def test_tail_of_a_topic_that_is_not_there_says_which_are(terminal: Terminal) -> None:
    said = terminal.run("tail", "--topic", "leads").splitlines()
    assert said[-2].startswith("Error: Invalid value for --topic: events are in the-namespace.lead, ")
    assert said[-1] == "exit code 2"


def test_tail_ends_with_69_when_kafka_goes_away(redis_url: str, namespace: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        with embedded_kafka(tmp_path) as address:
            terminal = Terminal(Cluster(address), redis_url, namespace)
            terminal.run("topics", "apply", "--partitions", "1")
            process = stack.enter_context(tailing(terminal, tmp_path / "said"))
        assert process.stderr is not None
        said = process.stderr.read().decode()
        assert said == (
            f"Kafka at kafka://{address}: nothing listens there. Start it, or correct STREAM_APP_KAFKA_URL\n"
        )
        assert process.wait(60) == 69
