"""Derived metrics, computed from a view by their declarations."""

from collections.abc import Iterator, Mapping

from stream_app.core.limits import Labels
from stream_app.core.samples import Due, Sample, View, limit_of, sample
from stream_app.spec.derived import Derived, EarliestDue, Opening, Overdue
from stream_app.spec.metric import Metric
from stream_app.spec.window import Window

_SINCE_START: dict[Window, tuple[Window, ...]] = {
    Window.MTD: (Window.MTD,),
    Window.PREV_MONTH: (Window.MTD, Window.PREV_MONTH),
}
"""The windows that add up to all that came after the start of a month."""


def derived_samples(derived: Derived, view: View) -> Iterator[Sample]:
    """Every sample of a derived metric."""
    windows = [window for window in derived.windows if view.answers(window)] if derived.windows else [None]
    for window in windows:
        for labels, amount in sorted(derived_amounts(derived, window, view).items()):
            yield sample(derived, labels, amount, window)


def derived_amounts(derived: Derived, window: Window | None, view: View) -> Mapping[Labels, int]:
    """The amounts of a derived metric by label values, in the unit in which they are stored.

    What was due on a past day is not known.
    """
    if view.is_past and derived.is_of_now:
        return {}
    match derived.value:
        case Opening() as opening:
            return _openings(derived, opening, window, view) if window else {}
        case Overdue(due, zero_where):
            shown = limit_of(zero_where, view).merged(view.level(zero_where.name))
            zeros = {labels: 0 for labels, amount in shown.items() if amount}
            return zeros | {labels: found.overdue for labels, found in _due(due, view).items()}
        case EarliestDue(due):
            return {labels: found.oldest for labels, found in _due(due, view).items()}


def _openings(derived: Derived, opening: Opening, window: Window, view: View) -> dict[Labels, int]:
    # A currency that came up in any of the windows has an opening in each of them.
    names = [label.name for label in derived.labels]
    found: dict[Labels, int] = {} if names else {(): 0}
    for labels, amount in view.level(opening.level.name).items():
        found[labels] = found.get(labels, 0) + amount
    movement = [label.name for label in opening.movement.labels]
    places = [movement.index(name) for name in names]
    for each in _SINCE_START[Window.PREV_MONTH]:
        for labels, amount in view.total(each, opening.movement.name).items():
            decrease = opening.label and labels[movement.index(opening.label)] in opening.decreases
            key = tuple(labels[place] for place in places)
            undone = 0 if each not in _SINCE_START[window] else amount if decrease else -amount
            found[key] = found.get(key, 0) + undone
    return found


def _due(metric: Metric, view: View) -> dict[Labels, Due]:
    found: dict[Labels, Due] = {}
    limit = limit_of(metric, view)
    for (name, *rest), due in view.due.items():
        if name != metric.name:
            continue
        key = limit.shown(tuple(rest))
        known = found.get(key, Due(0, due.oldest))
        found[key] = Due(known.overdue + due.overdue, min(known.oldest, due.oldest))
    return found
