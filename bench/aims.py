"""What is to be reached, and what was found of it: declared once, judged in one table.

The aims are those of one machine, and a machine is twice as fast on one day as on another. So a figure is
judged twice: as it was found, and as it would be where the peers take what they took on the machine of the aims.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

__all__ = ["AIMS", "PEERS_US", "Aim", "Verdict", "judged"]

PEERS_US = {"a": 200, "b": 40}
"""Processor time of an event on the machine of the aims, in microseconds: naive Faust agent and Quix Streams.

What they take today says how fast this machine is, because nobody makes them faster. Of two that differ the one counts
that makes less of our figures.
"""

_TIMES, _RATES = {"us", "ms", "s"}, {"events/s"}


@dataclass(frozen=True, slots=True)
class Aim:
    """A figure by its name among those that are found, and its bound: it may not be more, or with `least` not less."""

    name: str
    what: str
    bound: float
    unit: str
    least: bool = False

    def met_by(self, found: float) -> bool:
        """Whether a figure is within the bound."""
        return found >= self.bound if self.least else found <= self.bound


AIMS = (
    Aim("times_naive", "worker / naive Faust agent, events a second", 12, "x", least=True),
    Aim("times_quix", "worker / Quix Streams, events a second", 2, "x", least=True),
    Aim("times_fold", "worker / decode and fold alone, events a second", 0.5, "x", least=True),
    Aim("cached", "worker, an event with everything cached", 9.5, "us"),
    Aim("two_workers", "two workers / one, processor time of an event, batches of 4,000", 1.1, "x"),
    Aim("two_workers_small", "the same, batches of 1,000", 1.1, "x"),
    Aim("conflicts", "commits that another worker was before, two and four workers", 0, ""),
    Aim("uncached_worker", "worker, an event of a lead that is not cached", 20, "us"),
    Aim("uncached_store", "store, the same, with an append-only file", 6, "us"),
    Aim("stored_lead", "Redis, a lead of the simulator, about 30 events", 1200, "bytes"),
    Aim("cached_lead", "worker, the same lead in its cache, with its share of all else", 3000, "bytes"),
    Aim("new_leads", "store, leads of one event, with an append-only file", 200_000, "events/s", least=True),
    Aim("scores", "a lead with 100,000 scores, in order", 10, "ms"),
    Aim("engagements", "a lead with 20,000 engagements / ordinary ones, in order, 100 a batch", 1.2, "x"),
    Aim("subscriptions", "an account with 2,000 subscriptions / ordinary ones, in order, 100 a batch", 2, "x"),
    Aim("subscriptions_alone", "the same account, each event a batch of its own", 2, "x"),
    Aim("subscriptions_late", "the same account, late", 50, "ms"),
    Aim("first_scrape", "77,000 series, first scrape", 2, "s"),
    Aim("scrape", "77,000 series, later scrapes, the longest", 0.3, "s"),
    Aim("scrape_of_campaigns", "100,000 campaigns, scrape after one more lead, the longest", 1, "s"),
    Aim("wall_of_campaigns", "100,000 campaigns, wall.json after one more lead, the longest", 0.5, "s"),
    Aim("store_blocked", "100,000 campaigns, longest call of the store while it is read", 50, "ms"),
    Aim("latency", "record to commit at 1,000 events a second, p99, longest of the runs", 60, "ms"),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """An aim and what was found; `slowness`: how many times as long this machine takes as that of the aims."""

    aim: Aim
    found: float
    slowness: float | None = None

    @property
    def met(self) -> bool:
        """Whether the figure is within its bound."""
        return self.aim.met_by(self.found)

    @property
    def scaled(self) -> float | None:
        """The figure on a machine as fast as that of the aims; None for what does not depend on that, or if unknown."""
        if self.slowness is None:
            return None
        if self.aim.unit in _TIMES:
            return self.found / self.slowness
        return self.found * self.slowness if self.aim.unit in _RATES else None


def judged(figures: Mapping[str, float], slowness: float | None = None) -> Iterator[Verdict]:
    """The aims whose figures were found, in the order of declaration. Raises KeyError for a figure without an aim."""
    if unknown := figures.keys() - {aim.name for aim in AIMS}:
        raise KeyError(*unknown)
    return (Verdict(aim, figures[aim.name], slowness) for aim in AIMS if aim.name in figures)
