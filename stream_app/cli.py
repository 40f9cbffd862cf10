"""The command line: the only door. It wires the catalogue into the runtime and the renderers."""

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import click
import orjson
import pydantic
from redis.exceptions import RedisError

from stream_app import __version__
from stream_app.catalog.board import Board, help_of
from stream_app.catalog.definitions import fingerprint
from stream_app.catalog.entities import KIND_OF
from stream_app.catalog.events import EVENT_TYPES, TOPICS
from stream_app.catalog.metrics import METRICS
from stream_app.core.envelope import Decoder, milliseconds
from stream_app.core.readings import Reading
from stream_app.runtime import service
from stream_app.runtime.connections import sync_redis
from stream_app.runtime.exporter import BusinessCollector, registry_of
from stream_app.runtime.ledger import DefinitionsDifferError
from stream_app.runtime.pipeline import Model
from stream_app.runtime.reader import Reader
from stream_app.runtime.settings import PREFIX, Settings
from stream_app.runtime.web import metrics_route, serving
from stream_app.runtime.worker import Quiet

EXIT_UNAVAILABLE = 69
"""A server that is needed does not answer (EX_UNAVAILABLE of sysexits.h)."""

log = logging.getLogger("stream_app")


def fail(message: str, code: int = 1) -> NoReturn:
    """End with a message on standard error."""
    click.secho(message, fg="red", err=True)
    sys.exit(code)


def with_settings(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command `settings` as its first argument, and a flag for each of these settings."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def wrapped(**given: Any) -> Any:  # noqa: ANN401 - click passes whatever the flags are
            flags = {name: given.pop(name) for name in names}
            return command(_load(flags), **given)

        for name in reversed(names):
            field = Settings.model_fields[name]
            wrapped = click.option(
                f"--{name.replace('_', '-')}", name, envvar=PREFIX + name.upper(), show_envvar=True,
                help=f"{field.description} [default: {field.default}]",
            )(wrapped)  # fmt: skip
        return wrapped

    return decorate


def _load(flags: dict[str, Any]) -> Settings:
    try:
        return Settings.load(**flags)
    except pydantic.ValidationError as error:
        lines = [f"{PREFIX}{'_'.join(map(str, each['loc'])).upper()}: {each['msg']}" for each in error.errors()]
        fail("\n".join(lines), 2)
    except OSError as error:
        fail(f"cannot read a secret: {error.strerror}: {error.filename}", 2)


def _at(value: datetime | None) -> Callable[[], int]:
    """A clock in milliseconds, fixed at `value` if there is one."""
    if value is None:
        return lambda: time.time_ns() // 1_000_000
    fixed = milliseconds(value)
    return lambda: fixed


class Moment(click.ParamType):
    """A moment with an offset, RFC 3339."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:  # noqa: ANN401
        """Parse it; naive ones are refused, because a guess would be wrong somewhere."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail("expected a time such as 2026-03-02T09:14:00Z", param, ctx)
        if moment.tzinfo is None:
            self.fail("expected an offset, as in 2026-03-02T09:14:00Z or ...+02:00", param, ctx)
        return moment


AS_OF = click.option("--as-of", type=Moment(), show_envvar=True, help="Read as if it were this time (RFC 3339).")
CONNECTIONS = ("kafka_url", "redis_url", "namespace")
DEFINITIONS = ("timezone", "horizon_days", "step_limit_days")


def event_topics(settings: Settings) -> list[str]:
    """The topics that workers read."""
    return [settings.topic(suffix) for suffix in TOPICS]


def _say(level: str) -> None:
    logging.basicConfig(
        level=level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s", force=True
    )
    logging.getLogger().handlers[0].addFilter(Quiet())


@click.group(context_settings={"auto_envvar_prefix": "STREAM_APP", "help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True,
    show_envvar=True, help="How much is logged, on standard error.",
)  # fmt: skip
def main(log_level: str) -> None:
    """Real-time B2B lifecycle metrics whose numbers depend only on the set of events.

    Every flag has an environment variable, which its help names.
    """
    _say(log_level)


@main.command()
@with_settings(*CONNECTIONS, *DEFINITIONS, "host", "worker_port", "batch_events")
@click.option("--drain", is_flag=True, show_envvar=True, help="Stop when what was in the topics at the start is applied.")
@click.option("--json", "as_json", is_flag=True, show_envvar=True, help="Print the report as JSON.")
def worker(settings: Settings, *, drain: bool, as_json: bool) -> None:
    """Read events from Kafka and keep the numbers in Redis.

    Run as many as there are partitions; they share the work. SIGTERM and Ctrl-C end a worker in order.
    Exit codes: 0 ended in order, 1 crashed, 3 a topic was recreated, 4 stuck (restart it), 5 other definitions (rebuild).
    """
    from stream_app.runtime.topics import ends  # noqa: PLC0415 - kafka-python is needed for this only

    topics = event_topics(settings)
    rules = settings.rules
    model = Model(Decoder(EVENT_TYPES), KIND_OF, METRICS, rules)
    until = ends(settings, topics) if drain else None
    try:
        report = asyncio.run(service.run(settings, model, fingerprint(rules), topics, until))
    except DefinitionsDifferError as error:
        fail(str(error), 5)
    except OSError as error:
        fail(f"{settings.host}:{settings.worker_port}: {error.strerror}; choose another --worker-port, 0 = off", 1)
    if as_json:
        click.echo(orjson.dumps({"exit": report.exit.name.lower(), **_counts(report)}))
    else:
        click.echo(", ".join(f"{count} {name.replace('_', ' ')}" for name, count in _counts(report).items()))
    sys.exit(report.exit)


def _counts(report: service.Report) -> dict[str, int]:
    names = ("applied", "duplicates", "too_late", "rejected")
    return {name: getattr(report, name) for name in names}


@main.command()
@with_settings("redis_url", "namespace", "timezone", "host", "exporter_port", "label_limit", "gross_margin")
@AS_OF
def exporter(settings: Settings, as_of: datetime | None) -> None:
    """Serve the metrics for Prometheus at /metrics. Run exactly one: several would multiply in sum()."""
    clock = _at(as_of)
    board = Board(settings.label_limit, settings.gross_margin)
    with sync_redis(settings) as redis:
        reader = Reader(redis, settings.namespace, settings.rules.calendar)
        registry = registry_of(BusinessCollector(reader, board, help_of, clock))
        with ExitStack() as stack:
            try:
                stack.enter_context(serving(settings.host, settings.exporter_port, {"/metrics": metrics_route(registry)}))
            except OSError as error:
                fail(f"{settings.host}:{settings.exporter_port}: {error.strerror}; choose another --exporter-port")
            click.echo(f"http://{settings.host}:{settings.exporter_port}/metrics", err=True)
            _until_interrupted()


def _until_interrupted() -> None:
    import signal  # noqa: PLC0415

    stop = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    signal.sigwait(stop)


@main.command()
@with_settings("redis_url", "namespace", "timezone", "label_limit", "gross_margin")
@AS_OF
@click.option("--json", "as_json", is_flag=True, show_envvar=True, help='A list of {"name", "labels", "value"}.')
@click.option("--all", "zeros", is_flag=True, show_envvar=True, help="Show readings that are zero, too (as --json does).")
@click.argument("pattern", required=False)
def kpis(settings: Settings, as_of: datetime | None, *, as_json: bool, zeros: bool, pattern: str | None) -> None:
    """Print every reading that the exporter would export now; PATTERN picks series whose name contains it."""
    found = [reading for reading in _readings(settings, as_of) if not pattern or pattern in reading.name]
    if as_json:
        rows = [{"name": each.name, "labels": dict(each.labels), "value": each.value} for each in found]
        click.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
        return
    for each in found:
        if each.value or zeros:
            labels = ", ".join(f'{name}="{value}"' for name, value in each.labels)
            click.echo(f"{each.name}{{{labels}}} {each.value:g}" if labels else f"{each.name} {each.value:g}")


def _readings(settings: Settings, as_of: datetime | None) -> Iterator[Reading]:
    with sync_redis(settings) as redis:
        reader = Reader(redis, settings.namespace, settings.rules.calendar)
        try:
            look = reader.look(_at(as_of)())
        except (RedisError, OSError) as error:
            fail(f"{settings.redis_url} does not answer ({type(error).__name__}): is it running?", EXIT_UNAVAILABLE)
    return Board(settings.label_limit, settings.gross_margin).readings(look.view)


@main.group()
def config() -> None:
    """What is set."""


@config.command("show")
@click.option("--json", "as_json", is_flag=True, show_envvar=True, help="Print JSON.")
def config_show(*, as_json: bool) -> None:
    """Print every setting and its environment variable; secrets are masked."""
    shown = _load({}).model_dump(mode="json")
    if as_json:
        click.echo(orjson.dumps(shown, option=orjson.OPT_INDENT_2))
        return
    for name, value in shown.items():
        click.echo(f"{PREFIX}{name.upper()}={'' if value is None else value}")


@main.command()
@click.option("--seed", type=int, default=1, show_default=True, show_envvar=True, help="Same seed, same events.")
@click.option("--leads", type=click.IntRange(1), default=1000, show_default=True, show_envvar=True, help="How many leads.")
@click.option("--days", type=click.IntRange(1), default=90, show_default=True, show_envvar=True, help="Length of history.")
@click.option("--until", type=Moment(), show_envvar=True, help="End of the history [default: now].")
@click.option("--rate", type=float, show_envvar=True, help="Events per second; as fast as possible if left out.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), show_envvar=True, help="File [default: stdout].")
def simulate(*, seed: int, leads: int, days: int, until: datetime | None, rate: float | None, out: Path | None) -> None:
    """Write a made-up but realistic history of events as JSON lines, for `produce`."""
    from stream_app.simulator import Plan, history  # noqa: PLC0415

    plan = Plan(seed=seed, leads=leads, days=days, until=until or datetime.now(UTC))
    started, written = time.monotonic(), 0
    with ExitStack() as stack:
        sink = stack.enter_context(out.open("wb")) if out else sys.stdout.buffer
        for event in history(plan):
            if rate and (ahead := written / rate - (time.monotonic() - started)) > 0:
                sink.flush()
                time.sleep(ahead)
            sink.write(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE))
            written += 1
    click.echo(f"{written} events", err=True)
