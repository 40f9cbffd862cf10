"""Rows in order, whatever the order of their arrival."""

from itertools import permutations, product

import pytest

from stream_app.core.timeline import Row, identity, is_next, join, order_within_instant


class Named(Row, frozen=True):
    """A row with content."""

    name: str


FIRST, SECOND, THIRD = Named(1, "", "b", "x"), Named(1, "", "c", "x"), Named(2, "", "a", "x")


@pytest.mark.parametrize("order", list(permutations([FIRST, SECOND, THIRD])))
def test_rows_stand_by_time_then_identity(order: tuple[Named, ...]) -> None:
    rows: list[Named] = []
    assert [join(rows, row) for row in order] == [True, True, True]
    assert rows == [FIRST, SECOND, THIRD]


def test_a_copy_changes_nothing() -> None:
    rows = [FIRST, SECOND]
    assert not join(rows, Named(1, "", "b", "x"))
    assert rows == [FIRST, SECOND]


@pytest.mark.parametrize(
    "order", list(permutations([Named(3, "", "a", "x"), Named(2, "", "a", "y"), Named(2, "", "a", "z")]))
)
def test_of_copies_that_differ_the_smallest_stands(order: tuple[Named, ...]) -> None:
    rows = [FIRST]
    for row in order:
        join(rows, row)
    assert rows == [FIRST, Named(2, "", "a", "y")]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (Named(2, "", "d", "x"), True),
        (Named(3, "", "d", "x"), True),
        (Named(1, "", "d", "x"), False),
        (Named(2, "", "a", "x"), False),
        (Named(3, "", "b", "x"), False),
    ],
)
def test_next_is_a_new_row_after_all_others(row: Named, expected: bool) -> None:
    assert is_next([FIRST, SECOND, THIRD], row) is expected
    assert is_next([], row)


def test_identities_sort_as_pairs_of_id_and_source() -> None:
    pairs = [("a", ""), ("a", "/crm"), ("a", "/crm2"), ("a1", ""), ("b", "/crm")]
    assert sorted(pairs, key=lambda pair: identity(*pair)) == pairs
    assert len({identity(*pair) for pair in pairs}) == len(pairs)


def test_orders_sort_as_pairs_of_sequence_and_rank() -> None:
    sequences = [None, "0", "00", "2", "02", "10", "010", "a", "a1", "b", "é"]
    pairs = [*product(sequences, range(6))]
    assert sorted(pairs, key=lambda pair: order_within_instant(*pair)) == [
        *product([None, "0", "00", "02", "2", "010", "10", "a", "a1", "b", "é"], range(6))
    ]


def test_a_row_of_the_same_instant_stands_by_its_order() -> None:
    rows: list[Named] = []
    for row in (Named(1, order_within_instant(None, 2), "a", "x"), Named(1, order_within_instant(None, 1), "b", "x")):
        join(rows, row)
    assert [row.identity for row in rows] == ["b", "a"]
