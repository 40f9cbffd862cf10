"""Where every random number of the simulated world comes from."""

from math import exp
from random import Random
from statistics import NormalDist

_CELLS = 2048
_NORMAL = tuple(NormalDist().inv_cdf((cell + 0.5) / (_CELLS + 1)) for cell in range(_CELLS + 1))


def seeded_rng(*names: object) -> Random:
    """Return the random source of a named part of the simulation: same names, same numbers, on any machine."""
    return Random("/".join(map(str, names)))  # noqa: S311  (a simulation, not a secret)


def happens(rng: Random, probability: float) -> bool:
    """Tell whether something of this probability (0..1) happens."""
    return rng.random() < probability


def lognormal(rng: Random, median: float, spread: float = 0.6) -> int:
    """Return a positive, log-normal amount around `median`, in its unit; a larger `spread` has a longer tail."""
    # A log-normal distribution by a table: three times as fast as the one of the standard library.
    place = rng.random() * _CELLS
    cell = int(place)
    low = _NORMAL[cell]
    return int(median * exp(spread * (low + (place - cell) * (_NORMAL[cell + 1] - low)))) + 1


def uniform(rng: Random, low: float, high: float) -> int:
    """Return a whole number between the two, evenly."""
    return int(low + (high - low) * rng.random())
