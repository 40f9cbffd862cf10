"""What takes the place of facts: the facts that come, less those that go."""

from hypothesis import given
from hypothesis import strategies as st

from stream_app.core.facts import Delta, Fact, add_difference, negated
from tests.laws.memory import net

FACTS = st.lists(st.tuples(st.sampled_from([("a",), ("b", "x")]), st.integers(0, 3), st.integers(-2, 2)), max_size=6)
LONG: list[Fact] = [(("a",), at, 1) for at in range(150)]


@given(FACTS, FACTS, FACTS)
def test_the_difference_leads_from_one_to_the_other(before: list[Fact], after: list[Fact], middle: list[Fact]) -> None:
    for earlier, later in ((before, after), ([*LONG, *before], [*LONG, *middle, *after]), ([*before, *LONG], LONG)):
        delta: Delta = []
        add_difference(delta, earlier, later)
        assert net(delta) == net([*later, *negated(earlier)])


def test_only_what_differs_of_many_facts_is_in_the_difference() -> None:
    delta: Delta = []
    late = (("b",), 70, 1)
    add_difference(delta, LONG, [*LONG[:70], late, *LONG[70:]])
    assert delta == [late]
