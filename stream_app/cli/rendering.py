"""The catalog as it is rendered. It takes longer to import than a worker should wait."""

from dataclasses import replace

from stream_app.alerting.configuration import AlertSettings
from stream_app.alerting.installation import installed, settable
from stream_app.catalog.derived import DERIVED
from stream_app.catalog.entities import KIND_OF
from stream_app.catalog.events import EVENT_TYPES, RANKS, TOPICS
from stream_app.catalog.metrics import METRICS
from stream_app.catalog.ratios import RATIOS
from stream_app.cli.described_settings import described_settings
from stream_app.cli.described_sources import described_exports, described_sources
from stream_app.examples import EXAMPLES
from stream_app.monitoring.alerts import ALERTING
from stream_app.monitoring.dashboards import DASHBOARDS
from stream_app.monitoring.thresholds import THRESHOLDS
from stream_app.render.catalog import Catalog, Rendered
from stream_app.render.configuration_page import configuration_page
from stream_app.render.everything import everything
from stream_app.render.source_page import source_pages
from stream_app.render.threshold_page import threshold_page

CATALOG = Catalog(
    event_types=EVENT_TYPES,
    topics=TOPICS,
    keys={event: kind.key for event, kind in KIND_OF.items()},
    ranks=RANKS,
    metrics=METRICS,
    derived=DERIVED,
    ratios=RATIOS,
    examples=EXAMPLES,
    alerting=ALERTING,
    dashboards=DASHBOARDS,
)


def installed_catalog(settings: AlertSettings) -> Catalog:
    """The catalog with what an installation sets of its alerts."""
    return replace(CATALOG, alerting=installed(ALERTING, settings), notification=settings.notification)


def rendered() -> Rendered:
    """Every file that follows from declarations."""
    pages = configuration_page(described_settings()) | source_pages(described_sources(), described_exports())
    thresholds = threshold_page(THRESHOLDS.values(), settable(ALERTING, THRESHOLDS).by_label)
    return everything(CATALOG) | pages | thresholds
