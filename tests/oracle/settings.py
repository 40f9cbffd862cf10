"""The settings on which numbers depend."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class FollowUp:
    """How long sales may take for an MQL, and whether that time passes at weekends."""

    hours: int = 24
    weekdays_only: bool = False


@dataclass(frozen=True)
class RecountSettings:
    """The settings of one recount; durations are milliseconds."""

    zone: ZoneInfo
    step_limit: int
    credit: int
    follow_up: FollowUp
    swap_grace: int
