"""Commands that run until they are told to stop: `worker` and `exporter`."""

import asyncio
import signal
import sys
from contextlib import ExitStack
from datetime import datetime

import click

from stream_app.admin.topics import ends
from stream_app.catalog.fingerprint import fingerprint
from stream_app.catalog.metrics import METRICS
from stream_app.catalog.sample_source import DEFINITIONS_OF, Board
from stream_app.cli.options import (
    AS_JSON,
    AS_OF,
    DEFINITIONS,
    KAFKA,
    REDIS,
    SAMPLE_SETTINGS,
    clock_at,
    fail,
    print_json,
    with_settings,
)
from stream_app.cli.wiring import CATALOG, event_topics, model
from stream_app.clients.connections import sync_redis
from stream_app.clients.http import CannotListenError, metrics_route, serving
from stream_app.clients.settings import Settings
from stream_app.exporter.collector import BusinessCollector, registry_of
from stream_app.exporter.wall import HELD, Wall
from stream_app.monitoring.dashboards import WALL
from stream_app.render.metric_page import exported
from stream_app.store.ledger import DefinitionsDifferError
from stream_app.store.reader import Reader
from stream_app.worker import service

EXIT_DEFINITIONS = 5


@click.command()
@with_settings(
    *KAFKA,
    *REDIS,
    "namespace",
    "group",
    *DEFINITIONS,
    "host",
    "worker_port",
    "batch_events",
    "cached_entities",
    "flood_ratio",
    "session_timeout_s",
    "watch_interval_s",
)
@click.option(
    "--drain", is_flag=True, show_envvar=True, help="Stop when what was in the topics at the start is applied."
)
@AS_JSON
def worker(settings: Settings, *, drain: bool, as_json: bool) -> None:
    """Read events from Kafka and keep the numbers in Redis.

    Run as many as there are partitions; they share the work. SIGTERM and Ctrl-C end a worker in order.

    Exit codes: 0 ended in order, 1 crashed, 3 a topic was recreated, 4 stuck (restart it), 5 other definitions
    (rebuild), 6 drained but for topics most of whose records are rejected (the log says what to do), 69 no server.
    """
    topics = event_topics(settings)
    rules = settings.rules
    until = ends(settings, topics) if drain else None
    try:
        report = asyncio.run(service.run(settings, model(rules), fingerprint(rules), topics, until))
    except DefinitionsDifferError as error:
        fail(str(error), EXIT_DEFINITIONS)
    except CannotListenError as error:
        fail(f"{error}; choose another --worker-port, 0 = off")
    counts = {name: getattr(report, name) for name in ("applied", "duplicates", "too_late", "rejected")}
    if as_json:
        print_json({"exit": report.exit.name.lower(), **counts})
    else:
        click.echo(", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items()))
    sys.exit(report.exit)


@click.command()
@with_settings(*REDIS, "namespace", *SAMPLE_SETTINGS, "host", "exporter_port")
@AS_OF
def exporter(settings: Settings, as_of: datetime | None) -> None:
    """Serve the numbers for Prometheus at /metrics and the wall at /. Run exactly one: several multiply in sum()."""
    clock = clock_at(as_of)
    calendar = settings.rules.calendar
    # Threads inherit the mask, so that the signals wait for this one.
    stop = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    with ExitStack() as stack:
        redis = stack.enter_context(sync_redis(settings))
        # Scrapes and the wall come from different threads: each has a reader of its own.
        collector = BusinessCollector(
            Reader(redis, settings.namespace, calendar),
            Board(settings.label_limit, settings.gross_margin),
            DEFINITIONS_OF,
            clock,
        )
        wall = Wall(
            declared=WALL,
            known=exported(CATALOG),
            metrics=METRICS,
            reader=Reader(redis, settings.namespace, calendar, held=HELD),
            board=Board(settings.label_limit, settings.gross_margin),
            clock=clock,
        )
        routes = {"/metrics": metrics_route(registry_of(collector)), **wall.routes()}
        try:
            stack.enter_context(serving(settings.host, settings.exporter_port, routes))
        except CannotListenError as error:
            fail(f"{error}; choose another --exporter-port")
        click.echo(
            f"the wall is at http://{settings.host}:{settings.exporter_port}/, the metrics at /metrics", err=True
        )
        signal.sigwait(stop)
