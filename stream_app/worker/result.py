"""What became of a batch that was to be applied."""

from dataclasses import dataclass

from stream_app.store.ledger import Applied

__all__ = ["Applied", "ReadFrom", "Result", "TryAgain"]


@dataclass(frozen=True, slots=True)
class ReadFrom:
    """Nothing was changed: the ledger expects the partition from `offset` on, 0 if nothing was ever applied of it."""

    offset: int


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Nothing was changed: the batch cannot be applied now, and is to be read again later."""


Result = Applied | ReadFrom | TryAgain
