"""aiokafka's clients are made in one place, where they are kept from creating topics."""

import ast
from pathlib import Path

import aiokafka.client
from aiokafka.protocol.metadata import MetadataRequest_v5

import stream_app
from stream_app.clients import aiokafka_clients
from stream_app.clients.aiokafka_clients import TopicsRequest

_CLIENTS = {"AIOKafkaConsumer", "AIOKafkaProducer", "AIOKafkaClient"}


def test_asking_about_topics_creates_none() -> None:
    assert aiokafka.client.MetadataRequest is TopicsRequest
    assert not TopicsRequest(["a"]).build(MetadataRequest_v5).to_object()["allow_auto_topic_creation"]


def test_no_other_module_takes_the_clients_from_aiokafka_itself() -> None:
    found = set()
    for path in Path(stream_app.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("aiokafka"):
                taken = {alias.name for alias in node.names}
            elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "aiokafka":
                taken = {node.attr}
            else:
                continue
            if taken & _CLIENTS:
                found.add(path)
    assert found == {Path(aiokafka_clients.__file__)}
