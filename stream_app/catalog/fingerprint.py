"""A fingerprint of everything that stored numbers depend on besides the events."""

import hashlib

from stream_app.catalog.metrics import METRICS
from stream_app.core.facts import FoldSettings

FOLD_VERSION = 2
"""Raised by hand when a merge or a fact changes its meaning, which no declaration shows."""


def fingerprint(rules: FoldSettings) -> str:
    """Twelve characters that change whenever stored numbers would have to be recomputed."""
    declared = sorted(
        (metric.name, metric.kind.value, [label.name for label in metric.labels], sorted(metric.grains), metric.bounds)
        for metric in METRICS
    )
    settings = (rules.calendar.zone.key, rules.horizon_ms, rules.step_limit_ms)
    return hashlib.sha256(repr((FOLD_VERSION, settings, declared)).encode()).hexdigest()[:12]
