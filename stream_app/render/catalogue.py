"""What is rendered: everything that is declared, handed over in one piece."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from stream_app.core.envelope import Event
from stream_app.core.metric import Label, Metric, Unit
from stream_app.core.windows import Window

Rendered = dict[str, str]
"""Path relative to the repository, with `/` -> the whole text of the file."""


class Declared(Protocol):
    """What is read of a metric, however it is computed. It may have an `example` too: a sentence with numbers."""

    @property
    def series(self) -> str:
        """The name that users script against."""

    @property
    def definition(self) -> str:
        """What the value is, in a sentence."""

    @property
    def labels(self) -> tuple[Label, ...]:
        """All labels but `window`."""

    @property
    def windows(self) -> tuple[Window, ...]:
        """The values of the label `window`; empty if there is none."""

    @property
    def unit(self) -> Unit:
        """The unit of the value."""

    @property
    def note(self) -> str:
        """What users have to know, such as a source that prints another formula; may be empty."""

    @property
    def section(self) -> str:
        """The letter under which the page lists it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All declarations.

    `topics` maps the last part of a topic's name to the event families on it, `keys` an event type to the field of
    `data` that is the record key.
    """

    event_types: Sequence[type[Event]]
    topics: Mapping[str, Sequence[str]]
    keys: Mapping[type[Event], str]
    metrics: Sequence[Metric] = ()
    derived: Sequence[Declared] = ()
    ratios: Sequence[Declared] = ()
    namespace: str = "lifecycle"
