"""Which cases of a test are for `make test`, and which for the slower `make test-faults`."""

from collections.abc import Iterable

import pytest

__all__ = ["first_is_quick", "slow"]


def first_is_quick(cases: Iterable[object]) -> list[object]:
    """Mark all cases but the first as slow: more of the same, which takes long."""
    first, *others = cases
    return [first, *slow(others)]


def slow(cases: Iterable[object]) -> list[object]:
    """Mark cases as slow."""
    return [pytest.param(*(each if isinstance(each, tuple) else (each,)), marks=pytest.mark.slow) for each in cases]
