"""Trouble on demand in a world that is live: what the keys of the demo do."""

from collections import deque
from collections.abc import Iterator
from itertools import count

from stream_app.demo.simulator.event_log import Data
from stream_app.demo.simulator.rng import chance
from stream_app.demo.simulator.scenarios import STALLED_PROGRAM

_MESSAGES = 300
_CHURNED = 0.2
_LEAVING = frozenset({"program.step_exited", "program.exited"})


class Mischief:
    """Watches a stream of events and makes trouble that fits it. The same events and calls make the same trouble."""

    def __init__(self, seed: int) -> None:
        """Take a seed; nothing is wrong yet."""
        self._rng = chance(seed, "mischief")
        self._numbers = count(1)
        self._delivered: deque[Data] = deque(maxlen=_MESSAGES)
        self._subscriptions: dict[str, Data] = {}
        self.stalled = False

    def passes(self, event: Data) -> bool:
        """Watch an event; false if a stall keeps it from happening: then nobody gets on in one program."""
        data = event["data"]
        if event["type"] == "email.delivered":
            self._delivered.append(data)
        elif event["type"].startswith("subscription."):
            self._subscriptions[data["subscription_id"]] = data
        return not (self.stalled and event["type"] in _LEAVING and data["program_id"] == STALLED_PROGRAM)

    def bots(self, time: str) -> Iterator[Data]:
        """Yield clicks of a scanner on every message of late."""
        for data in list(self._delivered):
            yield self._event("email.clicked", time, {**data, "machine": True})

    def churn(self, time: str) -> Iterator[Data]:
        """Yield cancellations of a fifth of the subscriptions."""
        running = [data for data in self._subscriptions.values() if data.get("status") not in {"canceled", "paused"}]
        chosen = self._rng.sample(running, round(len(running) * _CHURNED))
        for data in chosen:
            gone = {**data, "status": "canceled", "reason": "voluntary"}
            self._subscriptions[data["subscription_id"]] = gone
            yield self._event("subscription.canceled", time, gone)

    def _event(self, kind: str, time: str, data: Data) -> Data:
        name = f"mischief-{next(self._numbers)}"
        return {"specversion": "1.0", "id": name, "source": "", "type": kind, "time": time, "data": data}
