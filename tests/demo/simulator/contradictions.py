"""What cannot happen after what: the sense in a stream of events that are in order."""

from collections.abc import Iterable
from typing import Any


class Witness:
    """Watches events go by, in order, and remembers enough to notice what contradicts it."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._seen: set[tuple[str, ...]] = set()

    def contradictions(self, events: Iterable[dict[str, Any]]) -> list[str]:
        """Return the ids of the events that contradict an earlier one, here or in an earlier call."""
        return [event["id"] for event in events if not self._makes_sense(event["type"], event["data"])]

    def _makes_sense(self, event_type: str, data: dict[str, Any]) -> bool:
        family, _, name = event_type.partition(".")
        match family:
            case "lead":
                return self._until_closed("lead", data["lead_id"], name == "created", name == "erased")
            case "program":
                return self._program(name, data)
            case "email":
                born = ("begun", "lead", data["lead_id"]) in self._seen
                return born and self._once_begun("message", data["message_id"], name == "sent")
            case "opportunity":
                return self._until_closed("deal", data["opportunity_id"], name == "created", name in {"won", "lost"})
            case "subscription" | "invoice":
                return self._billing(family, name, data)
            case _:
                return True

    def _program(self, name: str, data: dict[str, Any]) -> bool:
        enrollment = data["enrollment_id"]
        good = self._until_closed("enrollment", enrollment, name == "enrolled", name == "exited")
        if "step_id" in data:
            step = f"{enrollment} {data['step_id']}"
            good &= self._until_closed("step", step, name == "step_entered", name == "step_exited")
        return good

    def _billing(self, family: str, name: str, data: dict[str, Any]) -> bool:
        subscription = data["subscription_id"]
        if family == "subscription":
            return self._until_closed("subscription", subscription, name == "started", name == "canceled")
        invoice = data["invoice_id"]
        is_new = ("begun", "invoice", invoice) not in self._seen
        billed = ("begun", "subscription", subscription) in self._seen
        return billed and self._until_closed("invoice", invoice, is_new, name == "paid")

    def _once_begun(self, kind: str, identity: str, begins: bool) -> bool:  # noqa: FBT001
        begun = ("begun", kind, identity)
        good = (begun in self._seen) is not begins
        self._seen.add(begun)
        return good

    def _until_closed(self, kind: str, identity: str, begins: bool, ends: bool) -> bool:  # noqa: FBT001
        closed = ("closed", kind, identity)
        good = closed not in self._seen and self._once_begun(kind, identity, begins)
        if ends:
            self._seen.add(closed)
        return good
