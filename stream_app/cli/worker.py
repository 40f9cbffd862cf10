"""`worker`: events from Kafka to the numbers in Redis."""

import asyncio
import sys

import click

from stream_app.admin.topics import ends
from stream_app.catalog.fingerprint import fingerprint
from stream_app.cli.end_in_time import EndInTime
from stream_app.cli.options import AS_JSON, DEFINITIONS, KAFKA, REDIS, fail, print_json, with_settings
from stream_app.cli.wiring import event_topics, model, topics_by_entity
from stream_app.clients.http import CannotListenError
from stream_app.clients.settings import Settings
from stream_app.store.ledger import DefinitionsDifferError
from stream_app.worker import service
from stream_app.worker.consumer import Exit

EXIT_DEFINITIONS = 5


@click.command()
@with_settings(
    *KAFKA,
    *REDIS,
    "namespace",
    "group",
    "instance_id",
    *DEFINITIONS,
    "host",
    "worker_port",
    "allowed_hosts",
    "batch_events",
    "max_batch_bytes",
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

    Run as many as there are partitions; they share the work. SIGTERM and Ctrl-C end a worker in order, which
    takes 35 s at most.

    Exit codes: 0 ended in order, 1 crashed, 3 a topic was recreated, 4 stuck (restart it), 5 other definitions
    (rebuild), 6 drained but for topics most of whose records are rejected (the log says what to do), 69 --drain found
    no server at its start, or may not join its group. Without --drain a worker waits for both.
    """
    rules = settings.rules
    until = ends(settings, event_topics(settings)) if drain else None
    try:
        report = asyncio.run(
            service.run(
                settings,
                model(rules),
                fingerprint(rules),
                topics_by_entity(settings),
                until,
                on_ending=EndInTime(Exit.STALLED).begin,
            )
        )
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
