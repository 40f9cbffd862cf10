"""Every file that is rendered and committed."""

from stream_app.render.alertmanager import alertmanager
from stream_app.render.asyncapi import asyncapi
from stream_app.render.catalogue import Catalogue, Rendered
from stream_app.render.dashboards import dashboards
from stream_app.render.event_page import event_page
from stream_app.render.metric_page import metric_page
from stream_app.render.rules import rules
from stream_app.render.schemas import schemas

OWNED = ("schemas/*", "prometheus/rules/*", "grafana/dashboards/*")
"""Globs of files that only rendering writes: one that is not rendered any more is left over. Folders are not files."""


def everything(catalogue: Catalogue) -> Rendered:
    """Return all rendered files of a catalogue."""
    pages = event_page(catalogue) | metric_page(catalogue) | dashboards(catalogue)
    return schemas(catalogue) | asyncapi(catalogue) | pages | rules(catalogue) | alertmanager(catalogue)
