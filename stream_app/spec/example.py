"""A worked example: events, and the samples that follow from them, computed by hand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from stream_app.spec.metric import PREFIX, SERIES_LIMIT

Value = int | float | Fraction | None
"""None: no sample. A fraction stands for a quotient that no float holds exactly."""

NO_WINDOW = ""

_IDENTIFIERS = (
    "lead_id",
    "enrollment_id",
    "message_id",
    "account_id",
    "opportunity_id",
    "subscription_id",
    "invoice_id",
    "spend_id",
    "reach_id",
    "respondent_id",
)


def moment(text: str) -> datetime:
    """Read `YYYY-MM-DD HH:MM`, UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenEvent:
    """An event, or `times` alike: their identifiers are numbered from `first` on."""

    type: str
    time: str
    data: Mapping[str, Any]
    times: int = 1
    first: int = 0

    def envelopes(self) -> Iterator[dict[str, Any]]:
        """Build the events, still without an id."""
        for number in range(self.first, self.first + self.times):
            ends = f"-{number}" if self.first else ""
            data = {name: f"{value}{ends}" if name in _IDENTIFIERS else value for name, value in self.data.items()}
            yield {"type": self.type, "time": moment(self.time).isoformat(), "data": data}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedSeries:
    """The values of a series under some labels: one for each window, or one for none."""

    series: str
    labels: Mapping[str, str]
    values: Mapping[str, Value]

    def samples(self) -> Iterator[tuple[str, frozenset[tuple[str, str]], Value]]:
        """Each expected number with its full name and all its labels."""
        for window, value in self.values.items():
            named = self.labels if window == NO_WINDOW else {**self.labels, "window": window}
            yield PREFIX + self.series, frozenset(named.items()), value


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One worked example.

    `explains` are series without the prefix, above all the first. `expected` is complete for each of them in every
    window that it names: whatever else the product shows there is zero. `source` names where the numbers come from, if
    they are not ours.
    """

    title: str
    explains: tuple[str, ...]
    given: tuple[GivenEvent, ...]
    as_of: str
    timezone: str = "UTC"
    series_limit: int = SERIES_LIMIT
    arithmetic: str
    expected: tuple[ExpectedSeries, ...]
    source: str = ""

    def events(self) -> list[dict[str, Any]]:
        """Build the envelopes; ids follow their order."""
        envelopes = (envelope for event in self.given for envelope in event.envelopes())
        return [{**envelope, "id": f"e{number:04}"} for number, envelope in enumerate(envelopes)]
