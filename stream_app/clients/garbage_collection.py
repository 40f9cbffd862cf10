"""How often Python looks for cycles of garbage in a process that makes very many objects."""

import gc

_COLLECT_AFTER = (2_000_000, 20, 20)


def collect_rarely() -> None:
    """Look for cycles less often, and not among what exists now.

    The batches that are read ahead and folded, like a scrape, are hundreds of thousands of objects that are gone soon
    and form no cycles: with Python's own thresholds looking for cycles takes a sixth of a worker's time.
    """
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
