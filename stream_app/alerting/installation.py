"""The alerts of an installation: the declared ones, with what its `alerts.toml` sets."""

from dataclasses import replace

from stream_app.alerting.configuration import AlertSettings, Settable
from stream_app.spec.alert import Alerting
from stream_app.spec.threshold import Threshold, marks
from stream_app.spec.working_time import recordings, work_calendar

__all__ = ["LABELS", "installed", "settable"]

LABELS = ("program", "step", "currency")
"""The labels whose values may have thresholds of their own."""


def settable(alerting: Alerting, thresholds: dict[str, Threshold]) -> Settable:
    """Return what may be set: by a label, only what decides about alerts that have it."""
    alerts = [alert for group in alerting.groups for alert in group.alerts]
    by_label = {
        label: {name for alert in alerts if label in alert.variables for name in marks(alert.expr)} for label in LABELS
    }
    return Settable(thresholds=thresholds, by_label=by_label, areas={group.area for group in alerting.groups})


def installed(alerting: Alerting, settings: AlertSettings) -> Alerting:
    """Return the alerts with an installation's thresholds, links, and hours of work."""
    links = settings.links
    at_work = {each.name: each for each in recordings(work_calendar(settings.notification.business_hours))}
    return replace(
        alerting,
        groups=tuple(
            replace(group, recordings=tuple(at_work.get(each.name, each) for each in group.recordings))
            for group in alerting.groups
        ),
        thresholds=settings.thresholds,
        runbooks=links.runbooks,
        dashboards=links.dashboards,
        exporter=links.exporter,
    )
