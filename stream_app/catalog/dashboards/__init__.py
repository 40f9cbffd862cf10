"""The dashboards: what is shown where, declared once for Grafana and for the wall's own page."""

from stream_app.catalog.dashboards.convert import CONVERT
from stream_app.catalog.dashboards.email import EMAIL
from stream_app.catalog.dashboards.expand import EXPAND
from stream_app.catalog.dashboards.nurture import NURTURE
from stream_app.catalog.dashboards.pipeline import PIPELINE
from stream_app.catalog.dashboards.wall import WALL
from stream_app.spec.panel import Dashboard

__all__ = ["DASHBOARDS", "WALL"]

DASHBOARDS: tuple[Dashboard, ...] = (WALL, NURTURE, CONVERT, EXPAND, EMAIL, PIPELINE)
