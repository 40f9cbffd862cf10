"""What a derived metric is: a number that follows from levels, movements and due times when it is read."""

from dataclasses import dataclass

from stream_app.spec.metric import Declaration, Metric


@dataclass(frozen=True, slots=True)
class Opening:
    """The level as it stood at the start of the month that is the window.

    It is the level now minus all that `movement` summed up since then. A movement whose label `label` has a value in
    `decreases` is subtracted.
    """

    level: Metric
    movement: Metric
    label: str = ""
    decreases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Overdue:
    """How many due times have passed; 0 where the level `zero_where` stands."""

    due: Metric
    zero_where: Metric


@dataclass(frozen=True, slots=True)
class EarliestDue:
    """The earliest due time."""

    due: Metric


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived(Declaration):
    """A metric that is computed from others on read."""

    value: Opening | Overdue | EarliestDue
    section: str = "B"

    @property
    def is_of_now(self) -> bool:
        """Whether it compares with the clock, so that nothing is known of it on a past day."""
        return not isinstance(self.value, Opening)
