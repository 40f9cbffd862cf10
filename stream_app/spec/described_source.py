"""What a source or an export is, for those who describe it."""

from dataclasses import dataclass

Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedExport:
    """A kind of export: its rows of what is read, what is missing, and its settings, as texts."""

    name: str
    title: str
    source: str
    reads: Rows
    missing: Rows
    settings: Rows
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedSource:
    """A source. `reads` are input, what it becomes and a note; `missing` are field, effect and remedy."""

    name: str
    title: str
    signature: str
    steps: tuple[str, ...]
    reads: Rows
    missing: Rows
    settings: Rows
    exports: tuple[DescribedExport, ...] = ()
