"""Tables as people read them in a terminal: nothing cut off."""

from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len

__all__ = ["aligned"]


def aligned(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The rows of a table as lines, each column as wide as its widest cell."""
    cells = list(rows)
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(padded).rstrip()
