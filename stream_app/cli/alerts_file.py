"""What commands about alerts have in common: `alerts.toml`, and how they end if it is wrong."""

from stream_app.alerting.configuration import AlertSettings, read_alerts
from stream_app.alerting.installation import settable
from stream_app.cli.options import EXIT_USAGE, fail
from stream_app.clients.settings import Settings
from stream_app.clients.toml_file import ConfigurationError
from stream_app.monitoring.alerts import ALERTING
from stream_app.monitoring.thresholds import DEFAULTS, THRESHOLDS
from stream_app.spec.notification import AS_SHIPPED, Links


def alert_settings(settings: Settings) -> AlertSettings:
    """What `alerts.toml` sets, or what is shipped where nobody has written one; a wrong file ends the process.

    One that is named and is not there is wrong.
    """
    path = settings.file("alerts_file")
    if path is None:
        return AlertSettings(DEFAULTS, Links(), AS_SHIPPED)
    try:
        return read_alerts(path, settable(ALERTING, THRESHOLDS))
    except ConfigurationError as error:
        fail(str(error), EXIT_USAGE)
