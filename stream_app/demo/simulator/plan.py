"""What to simulate."""

from dataclasses import dataclass
from datetime import datetime

from stream_app.demo.simulator.business_hours import DAY, instant

SCENARIOS = ("stall", "bots", "churn", "bad-producer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A world: the same plan is the same world, to the byte.

    `until` is the end of the history (aware) and `days` its length. `leads` is how many leads are created in it; live
    traffic goes on at the same pace. `scenario` is one of `SCENARIOS` or None. Accounts that exist at the beginning
    signed within the `backfill` days before it (0: all of them in its first hours). `erasures` lets a few leads
    be erased, an event whose effect depends on its arrival. Raises ValueError for a plan that cannot be.
    """

    seed: int = 1
    leads: int = 1000
    days: int = 90
    until: datetime
    scenario: str | None = None
    backfill: int = 540
    erasures: bool = False

    def __post_init__(self) -> None:
        """Refuse a plan that cannot be carried out."""
        if self.until.tzinfo is None:
            message = "until: needs a time zone"
            raise ValueError(message)
        if self.leads < 0 or self.days < 1 or self.backfill < 0:
            message = "leads, days, backfill: at least 0, 1, 0"
            raise ValueError(message)
        if self.scenario is not None and self.scenario not in SCENARIOS:
            message = f"scenario: one of {', '.join(SCENARIOS)}"
            raise ValueError(message)

    @property
    def last(self) -> int:
        """The end of the history, in ms since the epoch."""
        return instant(self.until)

    @property
    def first(self) -> int:
        """The beginning of the history, in ms since the epoch."""
        return self.last - self.days * DAY
