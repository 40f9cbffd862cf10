"""`exporter`: the numbers for Prometheus, and the wall."""

import signal
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial

import click
from prometheus_client.registry import Collector
from redis import Redis
from redis.exceptions import RedisError

from stream_app.alerting.configuration import AlertSettings
from stream_app.catalog.metrics import METRICS
from stream_app.catalog.sample_source import DEFINITIONS_OF, SampleSource
from stream_app.cli.alerts_file import alert_settings
from stream_app.cli.options import AS_OF, EXIT_USAGE, REDIS, SAMPLE_SETTINGS, clock_at, fail, with_settings
from stream_app.cli.rendering import CATALOG
from stream_app.cli.reports import report_reader
from stream_app.cli.targets_file import targets_of
from stream_app.clients.connections import sync_redis
from stream_app.clients.garbage_collection import collect_rarely
from stream_app.clients.http import CannotListenError, Route, answers_this_machine_alone, serving
from stream_app.clients.settings import Settings
from stream_app.core.targets import Targets
from stream_app.exporter.collector import BusinessCollector
from stream_app.exporter.detail.details import Details, off
from stream_app.exporter.exporters import ExportersCollector
from stream_app.exporter.metrics_page import MetricsPage
from stream_app.exporter.report_page import ReportPage
from stream_app.exporter.target_gauges import TargetGauges
from stream_app.exporter.wall import DAYS, Wall, held_for
from stream_app.monitoring.alerts import ALERTING
from stream_app.monitoring.dashboards import WALL
from stream_app.render.metric_page import exported
from stream_app.spec.working_time import work_calendar
from stream_app.store.exporters import ExporterLease
from stream_app.store.reader import Reader
from stream_app.store.sources import source_ages

_DETAIL = ("detail", "detail_token", "crm_link")


@click.command()
@with_settings(
    *REDIS,
    "namespace",
    *SAMPLE_SETTINGS,
    "host",
    "exporter_port",
    "allowed_hosts",
    "alerts_file",
    "targets_file",
    *_DETAIL,
)
@AS_OF
def exporter(settings: Settings, as_of: datetime | None) -> None:
    """Serve the numbers for Prometheus at /metrics and the wall at /. Run exactly one.

    The review of a month is at /report, with ?month=YYYY-MM.
    """
    targets = targets_of(settings)
    collect_rarely()
    alerts = alert_settings(settings)
    clock = clock_at(as_of)
    # Threads inherit the mask, so that the signals wait for this one.
    stop = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    with ExitStack() as stack:
        redis = stack.enter_context(sync_redis(settings))
        wall = _wall(settings, redis, targets, alerts, clock)
        lease = ExporterLease(redis, settings.namespace)
        further: list[Collector] = [ExportersCollector(lease)]
        if targets:
            further.append(TargetGauges(targets, wall.current))
        # Scrapes and the wall come from different threads: each has a reader of its own.
        collector = BusinessCollector(
            Reader(redis, settings.namespace, settings.rules.calendar),
            SampleSource(settings.series_limit, settings.gross_margin),
            DEFINITIONS_OF,
            clock,
            further,
        )
        routes: dict[str, Route] = {"/metrics": MetricsPage(collector), **wall.routes()}
        routes |= ReportPage(reader=report_reader(settings, redis), clock=clock).routes()
        routes |= _details(settings, redis, wall, clock)
        try:
            stack.enter_context(serving(settings.host, settings.exporter_port, routes, settings.allowed_hosts))
        except CannotListenError as error:
            fail(f"{error}; choose another --exporter-port")
        click.echo(
            f"the wall is at http://{settings.host}:{settings.exporter_port}/, the metrics at /metrics", err=True
        )
        signal.sigwait(stop)
        with suppress(RedisError, OSError):  # it runs out by itself
            lease.end()


def _wall(settings: Settings, redis: Redis, targets: Targets, alerts: AlertSettings, clock: Callable[[], int]) -> Wall:
    return Wall(
        declared=WALL,
        known=exported(CATALOG),
        metrics=METRICS,
        reader=Reader(
            redis,
            settings.namespace,
            settings.rules.calendar,
            min_buckets=held_for(targets),
            level_days=DAYS if settings.detail == "on" else 0,
        ),
        source=SampleSource(settings.series_limit, settings.gross_margin),
        clock=clock,
        thresholds=alerts.thresholds,
        work=work_calendar(alerts.notification.business_hours),
        details=settings.detail == "on",
        targets=targets,
        sources=partial(source_ages, redis, settings.namespace),
    )


def _details(settings: Settings, redis: Redis, wall: Wall, clock: Callable[[], int]) -> dict[str, Route]:
    """The pages behind the numbers; a token guards them unless only this machine is answered."""
    if settings.detail == "off":
        return off()
    token = settings.detail_token.get_secret_value() if settings.detail_token else ""
    if not token and not answers_this_machine_alone(settings.host, settings.allowed_hosts):
        message = (
            "STREAM_APP_DETAIL=on shows ids to whoever can reach this address: set STREAM_APP_DETAIL_TOKEN_FILE, or "
            "listen on 127.0.0.1 without STREAM_APP_ALLOWED_HOSTS"
        )
        fail(message, EXIT_USAGE)
    alerts = (alert for group in ALERTING.groups for alert in group.alerts)
    return Details(
        redis=redis,
        namespace=settings.namespace,
        calendar=settings.rules.calendar,
        clock=clock,
        known={each.series: each for each in exported(CATALOG)},
        alerts={each.name: replace(each, expr=wall.thresholds.filled(each.expr)) for each in alerts},
        current=wall.current,
        crm_link=settings.crm_link,
        token=token,
    ).routes()
