"""How often Python looks for cycles of garbage in a process that makes very many objects."""

import gc

_COLLECT_AFTER = (500_000, 20, 20)


def collect_rarely() -> None:
    """Look for cycles less often, and not among what exists now.

    A batch, like a scrape, makes hundreds of thousands of tuples that are gone with it and form no cycles: with
    Python's own thresholds looking for cycles takes a sixth of a worker's time.
    """
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
