"""The dashboards: what is shown where, declared once for Grafana and for the wall's own page."""

from stream_app.monitoring.dashboards.convert import CONVERT
from stream_app.monitoring.dashboards.email import EMAIL
from stream_app.monitoring.dashboards.expand import EXPAND
from stream_app.monitoring.dashboards.nurture import NURTURE
from stream_app.monitoring.dashboards.pipeline import PIPELINE
from stream_app.monitoring.dashboards.wall import WALL
from stream_app.spec.panel import Dashboard

__all__ = ["DASHBOARDS", "WALL"]

DASHBOARDS: tuple[Dashboard, ...] = (WALL, NURTURE, CONVERT, EXPAND, EMAIL, PIPELINE)
