"""Each case gives the right numbers in each of the independent counts, in the order of the file and backwards."""

import pytest

from tests.cases.case import CASES, Case
from tests.oracle import recount


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_oracle_counts_it_right(case: Case) -> None:
    found = recount(case.events, as_of=case.as_of)
    assert {key: found.get((key[0], frozenset(key[1])), 0) for key in case.expected} == case.expected
