"""Timelines that are long from a few rows on, so that small histories meet what large ones do."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from stream_app.core import long_timelines, stored_form, timeline


@contextmanager
def long_from(rows: int) -> Iterator[None]:
    """Take timelines for long that have so many rows."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (long_timelines, stored_form, timeline):
            patch.setattr(module, "LONG", rows)
        patch.setattr(stored_form, "_MOST_SEGMENTS", 5)
        yield
        long_timelines._known.clear()  # noqa: SLF001 - of lists that are short for others
