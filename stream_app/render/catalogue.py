"""What is rendered: everything that is declared, handed over in one piece."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from stream_app.core.envelope import Event
from stream_app.core.metric import Label, Metric, Unit
from stream_app.core.windows import Window

Rendered = dict[str, str]
"""Path relative to the repository, with `/` -> the whole text of the file."""


class Declared(Protocol):
    """What the docs read of a metric, however it is computed. `example` may be there too: a sentence with numbers."""

    @property
    def name(self) -> str: ...
    @property
    def series(self) -> str: ...
    @property
    def definition(self) -> str: ...
    @property
    def labels(self) -> tuple[Label, ...]: ...
    @property
    def windows(self) -> tuple[Window, ...]: ...
    @property
    def unit(self) -> Unit: ...
    @property
    def note(self) -> str: ...
    @property
    def section(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All declarations. `topics` maps a topic's suffix to the event families on it, `keys` an event type to its record key."""

    event_types: Sequence[type[Event]]
    topics: Mapping[str, Sequence[str]]
    keys: Mapping[type[Event], str]
    metrics: Sequence[Metric] = ()
    derived: Sequence[Declared] = ()
    ratios: Sequence[Declared] = field(default=())
    namespace: str = "lifecycle"
