"""Which alerts there are, by area, and which of them inhibit others."""

from stream_app.monitoring import thresholds
from stream_app.monitoring.alerts.convert import CONVERT
from stream_app.monitoring.alerts.email import EMAIL
from stream_app.monitoring.alerts.enrollments import ENROLLMENTS
from stream_app.monitoring.alerts.events import EVENTS
from stream_app.monitoring.alerts.expand import EXPAND
from stream_app.monitoring.alerts.pipeline import PIPELINE
from stream_app.monitoring.alerts.programs import PROGRAMS
from stream_app.monitoring.alerts.sources import SOURCES
from stream_app.monitoring.alerts.steps import STEPS
from stream_app.spec.alert import Alerting, Inhibition

__all__ = ["ALERTING"]

_BUSINESS = (STEPS, PROGRAMS, ENROLLMENTS, EMAIL, CONVERT, EXPAND)
_STALE = ("DataNotFresh", "DataStale")
_BEHIND = ("CommitStalled", "ConsumerLagHigh", "EventsStale")


ALERTING = Alerting(
    groups=(*_BUSINESS, EVENTS, SOURCES, PIPELINE),
    inhibitions=(
        # An alert that is inhibited itself still inhibits others.
        Inhibition("DataNotFresh", tuple(alert.name for group in _BUSINESS for alert in group.alerts)),
        Inhibition("RedisDown", (*_STALE, *_BEHIND, "KafkaUnreachable")),
        Inhibition("StoreUnsafe", (*_STALE, *_BEHIND)),
        Inhibition("ExporterDown", _STALE),
        Inhibition("WorkersDown", (*_STALE, *_BEHIND)),
        Inhibition("KafkaUnreachable", (*_STALE, *_BEHIND)),
        Inhibition("IntakeStopped", _STALE),
        Inhibition("IntakeStopped", (*_BEHIND, "DeadLetterRatioHigh"), ("topic",)),
        Inhibition("CommitStalled", _STALE),
        Inhibition("GatewayDown", ("SourceSilent", "GatewaySlow")),
        Inhibition("NurtureStepBlocked", ("NurtureStepOverdue", "NurtureStepSilent"), ("program", "step")),
    ),
    heartbeat="Watchdog",
    runbooks=thresholds.RUNBOOKS,
    dashboards=thresholds.DASHBOARDS,
    thresholds=thresholds.DEFAULTS,
)
