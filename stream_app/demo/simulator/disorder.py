"""What a network does to a tidy history."""

from collections.abc import Iterable
from typing import TypeVar

from stream_app.demo.simulator.rng import seeded_rng

T = TypeVar("T")


def disorder(events: Iterable[T], seed: int, duplicates: float = 0.1) -> list[T]:
    """Return all the events in a random order, with copies: `duplicates` is how many there are per event, on average.

    A copy is the very same object; one event may be there more than twice.
    """
    rng = seeded_rng(seed, "disorder")
    disordered = list(events)
    disordered += rng.choices(disordered, k=round(len(disordered) * duplicates)) if disordered else []
    rng.shuffle(disordered)
    return disordered
