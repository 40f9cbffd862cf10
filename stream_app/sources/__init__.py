"""Adapters: from what the tools of others post to our events. Pure: no clock, no world, no catalog."""

from typing import Any

from stream_app.sources.events import EVENTS
from stream_app.sources.export import Export
from stream_app.sources.source import Source
from stream_app.sources.stripe import STRIPE

_SOURCES: tuple[Source[Any], ...] = (
    EVENTS,
    STRIPE,
)
_EXPORTS: tuple[Export[Any], ...] = ()

SOURCES: dict[str, Source[Any]] = {each.name: each for each in _SOURCES}
"""Name in `sources.toml` and in the path -> source."""

EXPORTS: dict[str, Export[Any]] = {each.name: each for each in _EXPORTS}
"""Kind of export -> export."""
