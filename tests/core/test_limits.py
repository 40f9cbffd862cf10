"""Which label combinations are shown by themselves."""

from hypothesis import given
from hypothesis import strategies as st

from stream_app.core.limits import Labels, Limited, limited, ranked
from stream_app.spec.metric import Label

CURRENCY, KIND = Label("currency"), Label("kind", ("new", "upsell"))
SOURCE, CAMPAIGN = Label("source", capped=True), Label("campaign", capped=True)

NAMES = st.sampled_from("abcd")


def test_the_largest_combinations_stay_and_ties_go_by_label_values() -> None:
    ranks: dict[Labels, float] = {("web", "z"): 5, ("fair", "b"): 2, ("ads", "c"): 2}
    limit = limited((SOURCE, CAMPAIGN), ranks, 2)
    # `campaign` comes before `source`: b before c.
    assert limit.kept == {("web", "z"), ("fair", "b")}
    assert limit.folded == {("ads", "c")}


def test_other_stands_in_every_capped_label_and_in_no_other() -> None:
    limit = limited((CURRENCY, KIND, SOURCE), {("EUR", "web"): 3, ("USD", "fair"): 1}, 1)
    assert limit.merged({("EUR", "new", "web"): 3, ("USD", "new", "fair"): 1, ("USD", "upsell", "fair"): 0}) == {
        ("EUR", "new", "web"): 3,
        ("USD", "new", "other"): 1,
        ("USD", "upsell", "other"): 0,
    }


def test_labels_after_those_that_are_limited_stay() -> None:
    assert Limited((SOURCE,), frozenset(), frozenset({("web",)})).shown(("web", "3")) == ("other", "3")


def test_what_is_called_other_by_itself_is_added_to_what_is_folded() -> None:
    folded = frozenset({("web", "a"), ("web", "b")})
    limit = Limited((SOURCE, CAMPAIGN), frozenset({("other", "other")}), folded)
    assert limit.merged({("other", "other"): 1, ("web", "a"): 2, ("web", "b"): 4, ("new", "one"): 8}) == {
        ("other", "other"): 7,
        ("new", "one"): 8,
    }


def test_labels_that_are_limited_may_stand_anywhere() -> None:
    limit = Limited((SOURCE,), frozenset(), frozenset({("web",)}))
    assert limit.merged({("EUR", "web"): 1, ("USD", "web"): 2, ("EUR", "fair"): 3}, [1]) == {
        ("EUR", "other"): 1,
        ("USD", "other"): 2,
        ("EUR", "fair"): 3,
    }


@given(st.dictionaries(st.tuples(NAMES, NAMES), st.integers(0, 3)), st.integers(1, 9))
def test_what_stays_is_the_head_of_the_list_by_rank_and_name(ranks: dict[Labels, float], count: int) -> None:
    ordered = sorted(ranks, key=lambda each: (-ranks[each], each[1], each[0]))
    limit = limited((SOURCE, CAMPAIGN), ranks, count)
    assert limit == Limited((SOURCE, CAMPAIGN), frozenset(ordered[:count]), frozenset(ordered[count:]))


def test_nothing_is_folded_without_a_capped_label() -> None:
    assert limited((CURRENCY,), {("EUR",): 1, ("USD",): 2}, 1).folded == frozenset()


def test_zero_everywhere_is_left_out_and_zero_in_the_ranking_is_last() -> None:
    ranks = ranked((SOURCE, KIND), {("web", "new"): 2, ("web", "upsell"): 3}, [{("fair", "new"): 9, ("ads", "new"): 0}])
    assert ranks == {("web",): 5, ("fair",): 0}
