"""Every file that is rendered and committed."""

from stream_app.render.alertmanager import alertmanager
from stream_app.render.asyncapi import asyncapi
from stream_app.render.catalog import Catalog, Rendered
from stream_app.render.dashboards import dashboards
from stream_app.render.event_page import event_page
from stream_app.render.metric_page import metric_page
from stream_app.render.rules import rules
from stream_app.render.schemas import schemas

OWNED = ("schemas/*", "prometheus/rules/*", "grafana/dashboards/*", "docs/sources/*")
"""Globs of files that only rendering writes: one that is not rendered any more is left over. Folders are not files."""


def monitoring(catalog: Catalog) -> Rendered:
    """Return what an installation reads: rules, Alertmanager's configuration, dashboards."""
    return rules(catalog) | alertmanager(catalog) | dashboards(catalog)


def everything(catalog: Catalog) -> Rendered:
    """Return all rendered files of a catalog."""
    return schemas(catalog) | asyncapi(catalog) | event_page(catalog) | metric_page(catalog) | monitoring(catalog)
