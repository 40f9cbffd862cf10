"""Two sets of samples against each other."""

from stream_app.audit import Difference, compare

NONE: frozenset[tuple[str, str]] = frozenset()


def test_an_absent_sample_is_zero() -> None:
    assert compare({("a", NONE): 0}, {("b", NONE): 0.0}) == []
    assert compare({("a", NONE): 1}, {}) == [Difference("a", (), 1, 0)]
    assert compare({}, {("a", NONE): 1}) == [Difference("a", (), 0, 1)]


def test_only_sums_of_histograms_may_be_a_little_off() -> None:
    nearly = 1000.0000000001
    assert compare({("x_gsum", NONE): nearly}, {("x_gsum", NONE): 1000.0}) == []
    assert compare({("x_gsum", NONE): 1000.1}, {("x_gsum", NONE): 1000.0}) == [Difference("x_gsum", (), 1000.1, 1000.0)]
    assert compare({("mrr", NONE): nearly}, {("mrr", NONE): 1000.0}) == [Difference("mrr", (), nearly, 1000.0)]


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
