"""Which alerts there are, by area, and which of them say nothing new beside others."""

from stream_app.monitoring import thresholds
from stream_app.monitoring.alerts.convert import CONVERT
from stream_app.monitoring.alerts.email import EMAIL
from stream_app.monitoring.alerts.enrollments import ENROLLMENTS
from stream_app.monitoring.alerts.events import EVENTS
from stream_app.monitoring.alerts.expand import EXPAND
from stream_app.monitoring.alerts.pipeline import PIPELINE
from stream_app.monitoring.alerts.programs import PROGRAMS
from stream_app.monitoring.alerts.steps import STEPS
from stream_app.spec.alert import Alerting

__all__ = ["ALERTING"]

_BUSINESS = (STEPS, PROGRAMS, ENROLLMENTS, EMAIL, CONVERT, EXPAND)
_STALE = ("DataNotFresh", "DataStale")
_BEHIND = ("CommitStalled", "ConsumerLagHigh", "EventsStale")


ALERTING = Alerting(
    groups=(*_BUSINESS, EVENTS, PIPELINE),
    muted=(
        # An alert that is muted itself goes on muting others.
        ("DataNotFresh", tuple(alert.name for group in _BUSINESS for alert in group.alerts), ()),
        ("RedisDown", (*_STALE, *_BEHIND, "KafkaUnreachable"), ()),
        ("ExporterDown", _STALE, ()),
        ("WorkersDown", (*_STALE, *_BEHIND), ()),
        ("KafkaUnreachable", (*_STALE, *_BEHIND), ()),
        ("IntakeStopped", _STALE, ()),
        ("IntakeStopped", (*_BEHIND, "DeadLetterRatioHigh"), ("topic",)),
        ("CommitStalled", _STALE, ()),
        ("NurtureStepBlocked", ("NurtureStepOverdue", "NurtureStepSilent"), ("program", "step")),
    ),
    heartbeat="Watchdog",
    runbooks=thresholds.RUNBOOKS,
    dashboards=thresholds.DASHBOARDS,
)
