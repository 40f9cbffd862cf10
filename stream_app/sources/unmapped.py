"""How a mapping ends early."""

from stream_app.sources.source import Ignored, Parked


class UnmappedError(Exception):
    """What an adapter's own functions raise where an item becomes no event; never passes its `events`."""

    def __init__(self, outcome: Parked | Ignored) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome
