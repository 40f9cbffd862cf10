"""`alerts`: who is notified of alerts, and whether it arrives."""

import asyncio
from collections.abc import Iterator

import click

from stream_app.alerting.alertmanager import Alertmanager, AlertmanagerError
from stream_app.alerting.trial import Outcome, Trial, try_receiver
from stream_app.cli.alerts_file import alert_settings
from stream_app.cli.options import EXIT_UNAVAILABLE, EXIT_USAGE, fail, with_settings
from stream_app.cli.suggestions import SuggestingGroup
from stream_app.clients.http import CannotListenError
from stream_app.clients.settings import Settings
from stream_app.clients.suggestions import did_you_mean
from stream_app.spec.notification import NOBODY, SINK_SUFFIX

_SECONDS = 30.0
_SAID = {
    Outcome.ARRIVED: "its server took it; whether somebody has read it, Alertmanager cannot know",
    Outcome.FAILED: "its server refused it or did not answer; Alertmanager's log says why",
    Outcome.NOT_SENT: "nothing was sent in time",
}


@click.group(cls=SuggestingGroup)
def alerts() -> None:
    """Who is notified of alerts, and whether it arrives."""


@alerts.command("check")
@with_settings("alerts_file")
def alerts_check(settings: Settings) -> None:
    """Test alerts.toml, and say what is wrong. Needs no server. Exit code 2 if it is wrong."""
    found = alert_settings(settings)
    for name, receiver in found.notification.receivers.items():
        click.echo(f"ok    receiver {name}: {type(receiver).__name__}")
    if not found.links.runbooks.startswith("http"):
        click.secho("warn  public_url: none is set, so messages have no links", fg="yellow")


@alerts.command("test")
@with_settings("alertmanager_url")
@click.option("--receiver", show_envvar=True, help="The one to try, as alerts.toml names it [default: all].")
@click.option(
    "--seconds", type=click.FloatRange(1, 600), default=_SECONDS, show_default=True, show_envvar=True, help="To wait."
)
def alerts_test(settings: Settings, *, receiver: str | None, seconds: float) -> None:
    """Send one alert to a receiver through the running Alertmanager, and say whether it arrived.

    Arrived means that the receiver's server took it. Exit code 1 if one did not arrive, 69 without an Alertmanager.
    """
    manager = Alertmanager(settings.alertmanager_url)
    try:
        known = {name.removesuffix(SINK_SUFFIX): name for name in manager.receivers() if name != NOBODY}
        if receiver is not None and receiver not in known:
            fail(f"Alertmanager has no receiver {receiver}. {did_you_mean(receiver, known)}".strip(), EXIT_USAGE)
        arrived = True
        for name in known if receiver is None else [receiver]:
            trial = try_receiver(manager, name, known[name], seconds)
            arrived &= trial.outcome is Outcome.ARRIVED
            for line in _shown(name, trial, sink=known[name] != name):
                click.echo(line)
    except AlertmanagerError as error:
        fail(str(error), EXIT_UNAVAILABLE)
    if not arrived:
        raise SystemExit(1)


def _shown(name: str, trial: Trial, *, sink: bool) -> Iterator[str]:
    good = trial.outcome is Outcome.ARRIVED
    if trial.outcome is Outcome.NOT_ROUTED:
        said = f"Alertmanager sends it to {', '.join(trial.routed_to)}: render its configuration and reload it"
    else:
        said = _SAID[trial.outcome]
    yield click.style(f"{name}: {trial.outcome}", fg="green" if good else "red") + f": {said}"
    if good and sink:
        yield click.style(f"{name} is the sink: a page shows its alerts, and nobody is notified", fg="yellow")
    if not trial.certain:
        yield (
            "  Alertmanager counts all receivers together, so this may be another alert's notification: start it with "
            "--enable-feature=receiver-name-in-metrics"
        )


@alerts.command("sink")
@with_settings("host", "alert_sink_port", "allowed_hosts")
def alerts_sink(settings: Settings) -> None:
    """Take what Alertmanager sends to receivers of type sink, and show it on a page. Notifies nobody."""
    from stream_app.alerting.sink import run_sink  # noqa: PLC0415 - the other commands need no server

    where = f"http://{settings.host}:{settings.alert_sink_port}/"
    try:
        asyncio.run(
            run_sink(
                settings.host,
                settings.alert_sink_port,
                settings.allowed_hosts,
                lambda: click.echo(f"what would have been sent is at {where}", err=True),
            )
        )
    except CannotListenError as error:
        fail(f"{error}; choose another --alert-sink-port")
