"""Which cases of a test are for `make test`, and which for the slower `make test-faults`."""

from collections.abc import Iterable

import pytest

__all__ = ["first_is_quick"]


def first_is_quick(cases: Iterable[object]) -> list[object]:
    """Mark all cases but the first as slow: more of the same, which takes long."""
    first, *others = cases
    return [first, *(_slow(each) for each in others)]


def _slow(case: object) -> object:
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.slow)
