"""Events of the simulation before they become envelopes."""

from typing import Any, TypeAlias

from stream_app.demo.simulator.business_hours import Region

Data: TypeAlias = dict[str, Any]
"""A JSON object."""


# A plain tuple: the garbage collector lets go of it, and millions wait at a time.
Draft: TypeAlias = "tuple[int, str, str, Region | None, Data]"
"""An event before it is written: when (ms), its id, its type, in whose offset to write times (None: UTC), its data.

In its data `due_at` is in ms too and dates are day numbers. Drafts sort by (when, id).
"""


class EventLog:
    """The drafts about one subject, numbered as they are written."""

    __slots__ = ("_count", "_drafts", "_region", "tag")

    def __init__(self, tag: str, region: Region | None = None) -> None:
        """Begin the log of the subject with this tag, unique in its simulation."""
        self.tag = tag
        self._region = region
        self._drafts: list[Draft] = []
        self._count = 0

    def write(self, at: int, event_type: str, data: Data) -> None:
        """Note an event; the log keeps the data, so it must not be changed later."""
        self._count += 1
        # Padded, so that of two events of one millisecond the later written has the larger id.
        self._drafts.append((at, f"evt-{self.tag}-{self._count:03x}", event_type, self._region, data))

    def new_id(self, prefix: str) -> str:
        """Return a new identifier for something that belongs to this subject: a message, an enrollment, an invoice."""
        self._count += 1
        return f"{prefix}-{self.tag}-{self._count:x}"

    def drain(self) -> list[Draft]:
        """Hand over what was written since the last time."""
        drafts, self._drafts = self._drafts, []
        return drafts
