"""aiokafka's clients, which make no topic by asking about it.

A broker that creates topics by itself would make one with its own retention, and lose the events later. aiokafka has no
option for that, so the request that its clients send is replaced by one that says so, for the whole process.
"""

import aiokafka.client
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.protocol.metadata import MetadataRequest

__all__ = ["AIOKafkaConsumer", "AIOKafkaProducer", "TopicsRequest"]


class TopicsRequest(MetadataRequest):  # type: ignore[misc]
    """Asks which topics there are, all of them if none are named; none is created."""

    def __init__(self, topics: list[str] | None = None) -> None:
        super().__init__(topics, allow_auto_topic_creation=False)


aiokafka.client.MetadataRequest = TopicsRequest
