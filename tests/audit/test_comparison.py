"""Two sets of samples against each other."""

from stream_app.audit import Difference, compare

NONE: frozenset[tuple[str, str]] = frozenset()


def test_an_absent_sample_is_zero() -> None:
    assert compare({("a", NONE): 0}, {("b", NONE): 0.0}) == []
    assert compare({("a", NONE): 1}, {}) == [Difference("a", (), 1, 0)]
    assert compare({}, {("a", NONE): 1}) == [Difference("a", (), 0, 1)]


def test_an_absent_ratio_is_none() -> None:
    nps = ("lifecycle_nps", NONE)
    assert compare({nps: 0}, {nps: 0.0}) == []
    assert compare({nps: 0}, {}) == [Difference("lifecycle_nps", (), 0, None)]
    assert compare({}, {nps: 0.0}) == [Difference("lifecycle_nps", (), None, 0.0)]


def test_only_ratios_may_differ_by_a_billionth() -> None:
    arpa, mrr = ("lifecycle_arpa", NONE), ("lifecycle_mrr", NONE)
    assert compare({arpa: 1000.0000009}, {arpa: 1000.0}) == []
    assert compare({arpa: 1000.0000011}, {arpa: 1000.0}) == [Difference("lifecycle_arpa", (), 1000.0000011, 1000.0)]
    assert compare({mrr: 1000.0000009}, {mrr: 1000.0}) == [Difference("lifecycle_mrr", (), 1000.0000009, 1000.0)]
    # 1 - 0.9999999 and 0.0000001 are one ratio.
    assert compare({arpa: 1 - 0.9999999}, {arpa: 0.0000001}) == []


def test_differences_are_sorted_by_series_and_labels() -> None:
    product = {
        ("b", frozenset({("y", "1"), ("x", "2")})): 1,
        ("b", frozenset({("x", "1"), ("y", "1")})): 1,
        ("a", NONE): 1,
    }
    assert [difference[:2] for difference in compare(product, {})] == [
        ("a", ()),
        ("b", (("x", "1"), ("y", "1"))),
        ("b", (("x", "2"), ("y", "1"))),
    ]
