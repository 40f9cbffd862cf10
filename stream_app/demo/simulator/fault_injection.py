"""Faults on demand in a live stream of events: what the keys of the demo do."""

from collections import deque
from collections.abc import Iterator
from itertools import count

from stream_app.demo.simulator.event_log import Data
from stream_app.demo.simulator.rng import seeded_rng
from stream_app.demo.simulator.scenarios import STALLED_PROGRAM

_REMEMBERED_MESSAGES = 300
_CHURN_SHARE = 0.2
_EXITS = frozenset({"program.step_exited", "program.exited"})


class FaultInjection:
    """Watches a stream of events and makes faults that fit it. The same events and calls make the same faults."""

    def __init__(self, seed: int) -> None:
        """Take a seed; nothing is wrong yet."""
        self._rng = seeded_rng(seed, "fault-injection")
        self._numbers = count(1)
        self._delivered: deque[Data] = deque(maxlen=_REMEMBERED_MESSAGES)
        self._subscriptions: dict[str, Data] = {}
        self.stalled = False

    def passes(self, event: Data) -> bool:
        """Watch an event; false if a stall keeps it from happening: then nobody gets on in one program."""
        data = event["data"]
        if event["type"] == "email.delivered":
            self._delivered.append(data)
        elif event["type"].startswith("subscription."):
            self._subscriptions[data["subscription_id"]] = data
        return not (self.stalled and event["type"] in _EXITS and data["program_id"] == STALLED_PROGRAM)

    def bot_clicks(self, time: str) -> Iterator[Data]:
        """Yield clicks of a scanner on every message of late."""
        for data in list(self._delivered):
            yield self._event("email.clicked", time, {**data, "machine": True})

    def cancellations(self, time: str) -> Iterator[Data]:
        """Yield cancellations of a fifth of the subscriptions."""
        running = [data for data in self._subscriptions.values() if data.get("status") not in {"canceled", "paused"}]
        chosen = self._rng.sample(running, round(len(running) * _CHURN_SHARE))
        for data in chosen:
            gone = {**data, "status": "canceled", "reason": "voluntary"}
            self._subscriptions[data["subscription_id"]] = gone
            yield self._event("subscription.canceled", time, gone)

    def _event(self, kind: str, time: str, data: Data) -> Data:
        event_id = f"injected-{next(self._numbers)}"
        return {"specversion": "1.0", "id": event_id, "source": "", "type": kind, "time": time, "data": data}
