"""What is rendered: everything that is declared, handed over in one piece."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stream_app.core.envelope import Event
from stream_app.spec.alert import Alerting
from stream_app.spec.derived import Derived
from stream_app.spec.example import Example
from stream_app.spec.metric import Metric
from stream_app.spec.notification import AS_SHIPPED, Notification
from stream_app.spec.panel import Dashboard
from stream_app.spec.ratio import Ratio

Rendered = dict[str, str]
"""Path relative to the repository, with `/` -> the whole text of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """All declarations.

    `topics` maps the last part of a topic's name to the event families on it, `keys` an event type to the field of
    `data` that is the record key, `ranks` one to its place among the events of one instant: 1 unless it is named.
    """

    event_types: Sequence[type[Event]]
    topics: Mapping[str, Sequence[str]]
    keys: Mapping[type[Event], str]
    ranks: Mapping[type[Event], int] = field(default_factory=dict)
    metrics: Sequence[Metric] = ()
    derived: Sequence[Derived] = ()
    ratios: Sequence[Ratio] = ()
    examples: Sequence[Example] = ()
    dashboards: Sequence[Dashboard] = ()
    alerting: Alerting | None = None
    notification: Notification = AS_SHIPPED
    namespace: str = "lifecycle"
