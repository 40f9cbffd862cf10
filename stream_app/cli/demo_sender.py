"""What the demo sends: the history, then live events, and faults on demand."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from queue import Queue
from typing import Any, BinaryIO

import orjson

from stream_app.admin.batch_producer import BatchProducer
from stream_app.cli.wiring import event_topics
from stream_app.clients.settings import Settings
from stream_app.demo.simulator import FaultInjection, Plan, bad_records, history, live, record_key, topic_family

_BAD_RECORDS = 50


@dataclass(slots=True)
class EventSender:
    """Sends the history, then live events in real time at `rate` a second, and writes each event to `copy`, too.

    `sent` is how many records were sent, `history_size` how many of them are the history, once all of it is sent.
    `keys` are pressed keys: each injects a fault.
    """

    settings: Settings
    plan: Plan
    rate: float
    copy: Path
    sent: int = 0
    history_size: int | None = None
    error: Exception | None = None
    stalled: bool = False
    stop: threading.Event = field(default_factory=threading.Event)
    keys: Queue[str] = field(default_factory=Queue)

    def run(self) -> None:
        """Send until `stop` is set; an error is kept for the owner of the thread."""
        try:
            topics = event_topics(self.settings)
            with BatchProducer(self.settings, topics) as producer, self.copy.open("wb") as copy:
                faults = FaultInjection(self.plan.seed)
                for event in self._events(producer):
                    if faults.passes(event):
                        self._send(producer, copy, event)
                    while not self.keys.empty():
                        self._inject(self.keys.get(), faults, producer, copy)
        except Exception as error:  # noqa: BLE001 - reported by the owner of the thread
            self.error = error

    def _send(self, producer: BatchProducer, copy: BinaryIO, event: dict[str, Any]) -> None:
        value = orjson.dumps(event)
        topic = self.settings.topic(topic_family(event["type"]))
        producer.send(topic, record_key(event).encode(), value)
        copy.write(value + b"\n")
        self.sent += 1

    def _inject(self, key: str, faults: FaultInjection, producer: BatchProducer, copy: BinaryIO) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        if key == "s":
            self.stalled = faults.stalled = not faults.stalled
        elif key == "p":
            # Good records stay the majority, or the worker would rightly stop the topic's intake.
            for value, _ in bad_records(self.sent, _BAD_RECORDS):
                producer.send(self.settings.topic("lead"), None, value)
                self.sent += 1
        else:
            for event in faults.bot_clicks(now) if key == "b" else faults.cancellations(now):
                self._send(producer, copy, event)

    def _events(self, producer: BatchProducer) -> Iterator[dict[str, Any]]:
        for event in history(self.plan):
            if self.stop.is_set():
                return
            yield event
        producer.flush()
        self.history_size = self.sent
        for event in live(self.plan, datetime.now(UTC), self.rate):
            wait = datetime.fromisoformat(str(event["time"])).timestamp() - time.time()
            if self.stop.wait(max(wait, 0)):
                return
            yield event
