"""The log is not filled by what the Kafka libraries repeat."""

import logging

from stream_app.clients.log_rate_limit import LogRateLimit


def test_a_repeated_line_of_a_kafka_library_is_limited_and_counted() -> None:
    now = 0.0
    limit = LogRateLimit(burst=2, period=10, clock=lambda: now)

    def logged(name: str) -> str | None:
        record = logging.LogRecord(name, logging.INFO, "there.py", 7, "no broker on %s", ("9092",), None)
        return record.getMessage() if limit.filter(record) else None

    assert [logged("aiokafka.conn") for _ in range(4)] == ["no broker on 9092"] * 2 + [None] * 2
    assert logged("stream_app.worker.consumer") == "no broker on 9092"
    now = 10.0
    assert logged("aiokafka.conn") == "no broker on 9092 [2 more like this were not logged]"
