"""Faults on demand in a live stream of events: what the keys of the demo do."""

from collections import deque
from collections.abc import Iterator
from itertools import count

from stream_app.demo.simulator.event_log import Data
from stream_app.demo.simulator.rng import seeded_rng
from stream_app.demo.simulator.scenarios import STALLED_PROGRAM, STALLED_STEP

STUCK_LEADS = 60
"""How many leads at most a stall brings into the step at once."""

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
        self._former: deque[str] = deque(maxlen=STUCK_LEADS)
        self._held: list[Data] = []
        self._stuck: list[Data] = []
        self.stalled = False

    def passes(self, event: Data) -> bool:
        """Watch an event; false if a stall holds it up: then nobody gets on in one program."""
        data = event["data"]
        if event["type"] == "email.delivered":
            self._delivered.append(data)
        elif event["type"].startswith("subscription."):
            self._subscriptions[data["subscription_id"]] = data
        if event["type"] not in _EXITS or data["program_id"] != STALLED_PROGRAM:
            return True
        if self.stalled:
            self._held.append(event)
            return False
        if event["type"] == "program.exited":
            self._former.append(data["lead_id"])
        return True

    def stall(self, time: str, due_at: str) -> Iterator[Data]:
        """Begin a stall; yield how leads that have been in the program enter it again, into a step where they stay."""
        self.stalled = True
        for lead_id in sorted(set(self._former)):
            enrollment = {
                "lead_id": lead_id,
                "program_id": STALLED_PROGRAM,
                "enrollment_id": f"injected-{next(self._numbers)}",
            }
            self._stuck.append(enrollment)
            yield self._event("program.enrolled", time, enrollment)
            entry = {**enrollment, "step_id": STALLED_STEP, "due_at": due_at}
            yield self._event("program.step_entered", time, entry)

    def release(self, time: str) -> Iterator[Data]:
        """End the stall; yield everything that it held up, with its own time, and how those get on that are stuck."""
        self.stalled = False
        yield from self._held
        for enrollment in self._stuck:
            exit_ = {**enrollment, "step_id": STALLED_STEP, "outcome": "completed"}
            yield self._event("program.step_exited", time, exit_)
            yield self._event("program.exited", time, {**enrollment, "outcome": "completed"})
        self._held, self._stuck = [], []

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
