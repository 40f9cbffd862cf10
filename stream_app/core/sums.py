"""Running sums of windows: a scrape pays for the buckets that changed or slid, not for all that exist."""

from collections.abc import Mapping

from stream_app.core.limits import Labels
from stream_app.core.samples import Totals

Contents = Mapping[str, Mapping[Labels, int]]
"""What one bucket holds: metric name -> label values -> amount."""


class RunningSum:
    """The sum of a set of buckets; `changed` names the metrics whose sums changed in the last `move`."""

    def __init__(self) -> None:
        self._held: dict[int, Contents] = {}
        self._totals: dict[str, dict[Labels, int]] = {}
        self.changed: set[str] = set()

    @property
    def totals(self) -> Totals:
        """The sums now."""
        return self._totals

    def move(self, wanted: range, contents: Mapping[int, Contents]) -> None:
        """Sum exactly the buckets `wanted`; a bucket that is a new object in `contents` has changed."""
        self.changed = set()
        for number in [number for number in self._held if number not in wanted]:
            self._add(self._held.pop(number), -1)
        for number in wanted:
            new, old = contents.get(number), self._held.get(number)
            if new is old:
                continue
            if old is not None:
                self._add(old, -1)
                del self._held[number]
            if new is not None:
                self._add(new, 1)
                self._held[number] = new

    def _add(self, contents: Contents, sign: int) -> None:
        for name, amounts in contents.items():
            self.changed.add(name)
            totals = self._totals.setdefault(name, {})
            for labels, amount in amounts.items():
                total = totals.get(labels, 0) + sign * amount
                if total:
                    totals[labels] = total
                else:
                    totals.pop(labels, None)
