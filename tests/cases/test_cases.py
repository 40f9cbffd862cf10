"""Each case gives the right numbers in each of the independent counts, in the order of the file and backwards."""

import pytest

from stream_app.audit import Recount
from tests.cases.case import CASES, Case
from tests.oracle import recount

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@every_case
def test_the_oracle_counts_it_right(case: Case) -> None:
    found = recount(case.events, as_of=case.as_of)
    assert {key: found.get((key[0], frozenset(key[1])), 0) for key in case.expected} == case.expected


@every_case
@pytest.mark.parametrize("step", [1, -1], ids=["in order", "backwards"])
def test_the_audit_counts_it_right(case: Case, step: int) -> None:
    with Recount() as audit:
        audit.add(case.events[::step])
        found = audit.samples(case.as_of)
    assert {key: found.get((key[0], frozenset(key[1])), 0) for key in case.expected} == case.expected
