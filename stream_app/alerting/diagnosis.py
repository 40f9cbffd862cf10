"""What `doctor` says of alerts: whether they reach somebody."""

from collections.abc import Iterator

from stream_app.admin.doctor import Finding
from stream_app.alerting.alertmanager import Alertmanager, AlertmanagerError
from stream_app.clients.settings import Settings
from stream_app.spec.notification import NOBODY, SINK_SUFFIX

__all__ = ["diagnose_alerts"]

_CHECK = "alerts"
_SET_UP = "edit alerts.toml # docs/alerts.md shows how to add a receiver"


def diagnose_alerts(settings: Settings) -> Iterator[Finding]:
    """Findings about the receivers of the Alertmanager that runs, as far as it has tried them."""
    manager = Alertmanager(settings.alertmanager_url)
    try:
        receivers = [name for name in manager.receivers() if name != NOBODY and not name.endswith(SINK_SUFFIX)]
        counted = [manager.notifications(name) for name in receivers]
    except AlertmanagerError as error:
        fix = "export STREAM_APP_ALERTMANAGER_URL=http://HOST:9093"
        yield Finding(_CHECK, "warning", f"alerts go nowhere: {error}", fix)
        return
    if not receivers:
        yield Finding(_CHECK, "warning", "alerts go nowhere: every receiver of Alertmanager is the sink", _SET_UP)
        return
    failing = [name for name, each in zip(receivers, counted, strict=True) if each.failed and not each.succeeded]
    if not failing:
        yield Finding(_CHECK, "ok", f"Alertmanager notifies {', '.join(receivers)}")
        return
    nowhere = "alerts go nowhere: " if failing == receivers else ""
    detail = f"{nowhere}no request of Alertmanager to {', '.join(failing)} has succeeded"
    yield Finding(_CHECK, "warning", detail, f"stream-app alerts test --receiver '{failing[0]}'")
