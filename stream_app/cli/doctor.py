"""`doctor`: what has to be right before numbers can be."""

import sys
from itertools import chain

import click

from stream_app.admin.doctor import diagnose
from stream_app.alerting.diagnosis import diagnose_alerts
from stream_app.catalog.fingerprint import fingerprint
from stream_app.cli.options import AS_JSON, DEFINITIONS, EXIT_UNAVAILABLE, KAFKA, REDIS, print_json, with_settings
from stream_app.cli.sources_file import SOURCES_SETTINGS
from stream_app.cli.targets_file import diagnose_targets
from stream_app.cli.wiring import event_topics, topics_by_entity
from stream_app.clients.settings import Settings
from stream_app.intake.diagnosis import diagnose_sources
from stream_app.sources import EXPORTS, SOURCES

_MARKS = {"ok": ("ok", "green"), "warning": ("warn", "yellow"), "failed": ("FAIL", "red")}


@click.command()
@with_settings(
    *KAFKA,
    *REDIS,
    "namespace",
    "group",
    *DEFINITIONS,
    "session_timeout_s",
    "host",
    "exporter_port",
    "worker_port",
    "gateway_metrics_port",
    "alertmanager_url",
    *SOURCES_SETTINGS,
    "targets_file",
)
@AS_JSON
def doctor(settings: Settings, *, as_json: bool) -> None:
    """Check Kafka, topics, Redis, clock, ports, definitions, and what a gateway needs.

    The latter where there is a sources.toml, as targets are where there is a targets.toml. Each failure says its fix.
    Exit codes: 1 on a failure, 69 if Kafka or Redis does not answer or lets nobody in.
    """
    findings = []
    found = diagnose(
        settings,
        event_topics(settings),
        together=topics_by_entity(settings),
        definitions=fingerprint(settings.rules),
    )
    alerts, targets = diagnose_alerts(settings), diagnose_targets(settings)
    for finding in chain(found, diagnose_sources(settings, SOURCES, EXPORTS.values()), alerts, targets):
        findings.append(finding)
        if not as_json:
            mark, color = _MARKS[finding.status]
            click.echo(click.style(f"{mark:>4}", fg=color) + f"  {finding.check}: {finding.detail}")
            if finding.fix:
                click.echo(f"      fix: {finding.fix}")
    if as_json:
        names = ("check", "status", "detail", "fix")
        print_json([{name: getattr(each, name) for name in names} for each in findings])
    if any(each.unavailable for each in findings):
        sys.exit(EXIT_UNAVAILABLE)
    sys.exit(any(each.status == "failed" for each in findings))
