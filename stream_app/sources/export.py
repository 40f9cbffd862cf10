"""What a kind of export is: rows of history to the same events that a source's requests become."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from stream_app.sources.source import Context, Missing, Outcome, Read, SourceSettings

Row = Mapping[str, Any]
"""An object of JSON lines or of a list, or a line of CSV: texts by the names of its columns."""

S = TypeVar("S", bound=SourceSettings)


@dataclass(frozen=True, kw_only=True)
class Export(Generic[S]):
    """A kind of export by its declarations; `events` never raises, whatever the row holds."""

    name: str
    """Its name as a command takes it, such as `stripe-subscriptions`."""
    title: str
    """What it is called where it comes from, and how to get it: one sentence."""
    source: str
    """The source whose section of `sources.toml` it reads."""
    settings: type[S]
    """What that section may say; options of a command, such as a time zone, are fields of it, too."""
    events: Callable[[Row, Context[S]], list[Outcome]]
    """What a row says. Ids are derived from facts, so that a second import adds only what is new."""
    reads: tuple[Read, ...] = ()
    missing: tuple[Missing, ...] = ()
    steps: tuple[str, ...] = ()
    """How to get it, and what to fill in: Markdown, one numbered step each."""
