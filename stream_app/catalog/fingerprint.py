"""A fingerprint of everything that stored numbers depend on besides the events."""

import hashlib
from collections.abc import Iterable
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from msgspec import Struct
from msgspec.structs import fields

from stream_app.catalog.entities import ENTITIES
from stream_app.catalog.metrics import METRICS
from stream_app.core.entity import EntityKind
from stream_app.core.facts import FoldSettings
from stream_app.core.stored_form import STORED_FORM
from stream_app.spec.metric import Metric

FOLD_VERSION = 4
"""Raised by hand when a merge, a fact or a code in a row changes its meaning: no declaration shows that."""


def fingerprint(
    settings: FoldSettings, metrics: Iterable[Metric] = METRICS, entities: Iterable[EntityKind] = ENTITIES
) -> str:
    """Twelve characters that change whenever stored numbers would have to be recomputed.

    They stand for the settings of the fold, the declared metrics, and the layout of every stored entity.
    """
    declared = sorted(
        (metric.name, metric.kind.value, [label.name for label in metric.labels], sorted(metric.grains), metric.bounds)
        for metric in metrics
    )
    stored = sorted((kind.name, kind.key, layout(kind.state)) for kind in entities)
    chosen = (
        settings.calendar.zone.key,
        settings.horizon_ms,
        settings.step_limit_ms,
        settings.program_credit_ms,
        settings.follow_up_ms,
        settings.follow_up_weekdays,
        settings.swap_grace_ms,
    )
    return hashlib.sha256(repr((FOLD_VERSION, STORED_FORM, chosen, declared, stored)).encode()).hexdigest()[:12]


def layout(declared: Any) -> str:  # noqa: ANN401 - type hints have no useful type of their own
    """A type as it is stored: the names and types of its fields in their order, down to plain types."""
    if isinstance(declared, type) and issubclass(declared, Struct):
        hints = get_type_hints(declared, include_extras=True)
        inner = [f"{field.name}: {layout(hints[field.name])}" for field in fields(declared)]
        return f"{{{', '.join(inner)}}}"
    if get_origin(declared) is Annotated:
        # What is annotated may be the type of what is encoded within.
        return " of ".join(layout(part) for part in get_args(declared))
    if get_args(declared):
        return f"{get_origin(declared).__name__}[{', '.join(map(layout, get_args(declared)))}]"
    return declared.__name__ if isinstance(declared, type) else repr(declared)
