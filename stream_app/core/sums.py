"""Running sums of windows: a scrape pays for the buckets that changed or slid, not for all that exist."""

from collections.abc import Mapping

from stream_app.core.limits import Labels
from stream_app.core.samples import Changes, Totals

Contents = Mapping[str, Mapping[Labels, int]]
"""What one bucket holds: metric name -> label values -> amount."""

_NOTHING: Contents = {}
_NO_AMOUNTS: Mapping[Labels, int] = {}


class RunningSum:
    """The sum of a set of buckets; `changes` is what the last `move` added to the sums."""

    def __init__(self) -> None:
        self._held: dict[int, Contents] = {}
        self._totals: dict[str, dict[Labels, int]] = {}
        self.changes: Changes = {}

    @property
    def totals(self) -> Totals:
        """The sums now."""
        return self._totals

    def move(self, wanted: range, contents: Mapping[int, Contents]) -> None:
        """Sum exactly the buckets `wanted`; a bucket that is a new object in `contents` has changed."""
        self.changes = {}
        for number in [number for number in self._held if number not in wanted]:
            self._replace(self._held.pop(number), _NOTHING)
        for number in wanted:
            new, old = contents.get(number), self._held.get(number)
            if new is old:
                continue
            self._replace(old or _NOTHING, new or _NOTHING)
            if new is None:
                del self._held[number]
            else:
                self._held[number] = new

    def _replace(self, old: Contents, new: Contents) -> None:
        for name in changed_metrics(old, new):
            before, after = old.get(name, _NO_AMOUNTS), new.get(name, _NO_AMOUNTS)
            totals = self._totals.setdefault(name, {})
            # Whoever takes over sums that are all new has no use for a second copy of them.
            added = self.changes.setdefault(name, {} if totals else None)
            for labels in before.keys() | after.keys():
                amount = after.get(labels, 0) - before.get(labels, 0)
                if amount:
                    _add(totals, labels, amount)
                    if added is not None:
                        added[labels] = added.get(labels, 0) + amount


def less(amounts: Contents, later: Totals) -> Contents:
    """Amounts as they were before the later ones were added."""
    if not later:
        return amounts
    found: dict[str, dict[Labels, int]] = {}
    for name in amounts.keys() | later.keys():
        before = dict(amounts.get(name, _NO_AMOUNTS))
        for labels, amount in later.get(name, _NO_AMOUNTS).items():
            _add(before, labels, -amount)
        if before:
            found[name] = before
    return found


def changed_metrics(old: Contents, new: Contents) -> set[str]:
    """The names of the metrics whose amounts differ."""
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def _add(totals: dict[Labels, int], labels: Labels, amount: int) -> None:
    total = totals.get(labels, 0) + amount
    if total:
        totals[labels] = total
    else:
        del totals[labels]
