"""What is shown of a flow after additions is what is shown of its sums."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from stream_app.core.limits import Labels
from stream_app.core.samples import View, limit_of, samples_of
from stream_app.core.shown_flows import ShownFlow
from stream_app.core.windows import Clock
from stream_app.spec.metric import Kind, Label, Metric
from stream_app.spec.window import Window

FLOW = Metric(
    name="leads",
    definition="Leads.",
    labels=(Label("source", capped=True), Label("kind", ("new", "old")), Label("campaign", capped=True)),
    windows=(Window.D7, Window.D30),
    kind=Kind.FLOW,
)
LIMIT = 2
CLOCK = Clock(0, 0, 0, 0)

Added = Mapping[Labels, int]

LABELS = st.tuples(st.sampled_from("abc"), st.sampled_from(["new", "old"]), st.sampled_from("xy"))
ADDED = st.dictionaries(LABELS, st.integers(-3, 3), max_size=3)
STEPS = st.lists(st.tuples(ADDED, ADDED), min_size=1, max_size=12)


class Sums:
    """The sums of two windows, without zeros, and the view of them."""

    def __init__(self) -> None:
        self._totals: dict[Window, dict[Labels, int]] = {Window.D7: {}, Window.D30: {}}

    def add(self, *, week: Added, month: Added) -> View:
        """Add to the sums; the view of what they are then."""
        changes = {Window.D7: week, Window.D30: month}
        for window, added in changes.items():
            totals = self._totals[window]
            for labels, amount in added.items():
                totals[labels] = totals.get(labels, 0) + amount
                if not totals[labels]:
                    del totals[labels]
        return View(
            CLOCK,
            CLOCK,
            {window: {"leads": dict(totals)} for window, totals in self._totals.items()},
            {},
            {},
            series_limit=LIMIT,
            changes={window: {"leads": dict(added)} for window, added in changes.items()},
        )


def assert_shown(flow: ShownFlow, view: View) -> None:
    limit = limit_of(FLOW, view)
    assert (flow.limit.kept, flow.limit.folded) == (limit.kept, limit.folded)
    assert flow.samples() == samples_of(FLOW, view, limit)


@given(STEPS)
def test_what_follows_shows_what_its_sums_show(steps: list[tuple[Added, Added]]) -> None:
    sums = Sums()
    flow = ShownFlow(FLOW, sums.add(week={}, month={}))
    for week, month in steps:
        view = sums.add(week=week, month=month)
        if not flow.follow(view):
            flow = ShownFlow(FLOW, view, flow)
        assert_shown(flow, view)


FIRST, SECOND, THIRD, FOURTH = (("a", "new", "x"), ("b", "new", "x"), ("c", "new", "x"), ("c", "new", "y"))
RANKED: Added = {FIRST: 8, SECOND: 5, THIRD: 3}


def test_what_stays_behind_the_last_shown_is_followed() -> None:
    sums = Sums()
    flow = ShownFlow(FLOW, sums.add(week={}, month=RANKED))
    view = sums.add(week={}, month={FIRST: -2, THIRD: 1, FOURTH: 1})
    assert flow.follow(view)
    assert_shown(flow, view)
    assert flow.limit.folded == {("c", "x"), ("c", "y")}


def test_what_vanishes_behind_the_last_shown_is_followed() -> None:
    sums = Sums()
    flow = ShownFlow(FLOW, sums.add(week={FOURTH: 1}, month=RANKED))
    view = sums.add(week={FOURTH: -1}, month={})
    assert flow.follow(view)
    assert_shown(flow, view)


def test_a_tie_with_the_last_shown_goes_by_the_names_of_the_labels() -> None:
    sums = Sums()
    flow = ShownFlow(FLOW, sums.add(week={}, month=RANKED))
    # By campaign, then source: ("y", "a") comes after ("x", "b").
    view = sums.add(week={}, month={("a", "new", "y"): 5})
    assert flow.follow(view)
    assert_shown(flow, view)


def test_a_fall_of_the_last_shown_is_not_followed() -> None:
    sums = Sums()
    flow = ShownFlow(FLOW, sums.add(week={}, month=RANKED))
    assert not flow.follow(sums.add(week={}, month={SECOND: -3}))


def test_a_rise_of_the_last_shown_leaves_room_behind_it() -> None:
    sums = Sums()
    flow = ShownFlow(FLOW, sums.add(week={}, month=RANKED))
    assert flow.follow(sums.add(week={}, month={SECOND: 4}))
    view = sums.add(week={}, month={THIRD: 3})
    assert flow.follow(view)
    assert_shown(flow, view)
    assert not flow.follow(sums.add(week={}, month={THIRD: 3}))


def test_a_combination_with_the_same_sums_keeps_its_samples() -> None:
    sums = Sums()
    flow = ShownFlow(FLOW, sums.add(week={}, month=RANKED))
    before = flow.samples()
    view = sums.add(week={}, month={FIRST: 1})
    for after in (ShownFlow(FLOW, view, flow).samples(), ShownFlow(FLOW, view).samples()):
        assert [each.value for each in after] != [each.value for each in before]
    assert flow.follow(view)
    same = [each is other for each, other in zip(before, flow.samples(), strict=True)]
    # The first combination has two windows; it is the only one that changed.
    assert same == [False] * 2 + [True] * (len(before) - 2)


def test_samples_are_made_anew_when_another_window_can_be_answered() -> None:
    sums = Sums()
    view = sums.add(week={FIRST: 1}, month=RANKED)
    flow = ShownFlow(FLOW, replace(view, newest=Clock(0, 0, hour=100, day=0)))
    assert {dict(each.labels)["window"] for each in flow.samples()} == {"30d"}
    assert_shown(ShownFlow(FLOW, view, flow), view)
