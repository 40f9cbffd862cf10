"""The house's own catalogue, and where its files lie."""

from pathlib import Path

from stream_app.catalog.alerts import ALERTING
from stream_app.catalog.dashboards import DASHBOARDS
from stream_app.catalog.derived import DERIVED
from stream_app.catalog.entities import KIND_OF
from stream_app.catalog.events import EVENT_TYPES, TOPICS
from stream_app.catalog.metrics import METRICS
from stream_app.catalog.ratios import RATIOS
from stream_app.catalog.stories import TOLD
from stream_app.render.catalogue import Catalogue

ROOT = Path(__file__).resolve().parents[2]

CATALOGUE = Catalogue(
    event_types=EVENT_TYPES,
    topics=TOPICS,
    keys={event: kind.key for event, kind in KIND_OF.items()},
    metrics=METRICS,
    derived=DERIVED,
    ratios=RATIOS,
    alerting=ALERTING,
    dashboards=DASHBOARDS,
    examples=TOLD,
)
