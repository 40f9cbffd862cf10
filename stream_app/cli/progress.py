"""Progress on standard error, for people: nothing is shown where it is no terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TaskID, TextColumn, TimeRemainingColumn

stderr = Console(stderr=True)


@contextmanager
def progress_bar(description: str, total: float | None, unit: ProgressColumn) -> Iterator[tuple[Progress, TaskID]]:
    """Show a bar while the block runs; `unit` is the column that says how much of `total` is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), unit, TimeRemainingColumn())
    with Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as progress:
        yield progress, progress.add_task(description, total=total)
