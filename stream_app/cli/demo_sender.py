"""What the demo sends: the history, then live events, and faults on demand."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Queue
from typing import Any, BinaryIO

import orjson

from stream_app.admin.batch_producer import BatchProducer
from stream_app.cli.wiring import event_topics
from stream_app.clients.settings import Settings
from stream_app.demo.simulator import FaultInjection, Plan, bad_records, history, live, record_key, topic_family

_BAD_RECORDS = 50
_MOST_BAD_RECORDS = 400
_DUE_IN_S = 2
_KEY_POLL_S = 0.1


@dataclass(slots=True)
class EventSender:
    """Sends the history, then live events in real time at `rate` a second, and writes each event to `copy`, too.

    `sent` is how many records were sent, `history_size` how many of them are the history, once all of it is sent.
    `keys` are pressed keys: each injects a fault, or ends it. `bad` is how many records were no events.
    """

    settings: Settings
    plan: Plan
    rate: float
    copy: Path
    sent: int = 0
    history_size: int | None = None
    error: Exception | None = None
    stalled: bool = False
    bad: int = 0
    stop: threading.Event = field(default_factory=threading.Event)
    keys: Queue[str] = field(default_factory=Queue)

    def run(self) -> None:
        """Send until `stop` is set; an error is kept for the owner of the thread."""
        try:
            topics = event_topics(self.settings)
            with BatchProducer(self.settings, topics) as producer, self.copy.open("wb") as copy:
                faults = FaultInjection(self.plan.seed)
                for event in self._events(producer):
                    if event is not None and faults.passes(event):
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
        if key == "p":
            # Good records stay the majority, or the worker would rightly stop the topic's intake.
            for value, _ in bad_records(self.sent, min(_BAD_RECORDS, _MOST_BAD_RECORDS - self.bad)):
                producer.send(self.settings.topic("lead"), None, value)
                self.sent += 1
                self.bad += 1
        else:
            for event in _injected(key, faults):
                self._send(producer, copy, event)
            self.stalled = faults.stalled

    def _events(self, producer: BatchProducer) -> Iterator[dict[str, Any] | None]:
        """Yield what is to be sent, and None while there is nothing, so that keys have their effect at once."""
        for event in history(self.plan):
            if self.stop.is_set():
                return
            yield event
        producer.flush()
        self.history_size = self.sent
        for event in live(self.plan, datetime.now(UTC), self.rate):
            at = datetime.fromisoformat(str(event["time"])).timestamp()
            while at > time.time():
                if self.stop.wait(min(at - time.time(), _KEY_POLL_S)):
                    return
                yield None
            yield event


def _injected(key: str, faults: FaultInjection) -> Iterator[dict[str, Any]]:
    now = datetime.now(UTC)
    time = now.isoformat(timespec="milliseconds")
    if key == "s":
        due_at = (now + timedelta(seconds=_DUE_IN_S)).isoformat(timespec="milliseconds")
        return faults.release(time) if faults.stalled else faults.stall(time, due_at)
    return faults.bot_clicks(time) if key == "b" else faults.cancellations(time)
