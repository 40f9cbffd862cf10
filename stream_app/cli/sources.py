"""`sources`: what is set up, and how it does."""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from stream_app.cli.options import AS_JSON, EXIT_USAGE, KAFKA, fail, print_json, with_settings
from stream_app.cli.sources_file import SOURCES_SETTINGS, configuration_of
from stream_app.cli.suggestions import SuggestingGroup
from stream_app.clients.settings import Settings
from stream_app.intake.configuration import ConfigurationError, read_configuration
from stream_app.intake.identity_key import identity_key_path
from stream_app.intake.starting import start
from stream_app.intake.status import Counted, Received, counted, gateway_metrics, received
from stream_app.sources import EXPORTS, SOURCES
from stream_app.sources.source import Source

_OTHERS = 0o077
_ACCOUNT = "account_id"


@click.group(cls=SuggestingGroup, invoke_without_command=True)
@with_settings(*KAFKA, "namespace", "host", "gateway_metrics_port", "sources_file")
@AS_JSON
def sources(settings: Settings, *, as_json: bool) -> None:
    """What sources have sent, what of it could not be mapped, and what to do about it.

    Read from the inbox, and from the metrics of the gateway on this machine if one runs.
    """
    if click.get_current_context().invoked_subcommand is not None:
        return
    try:
        configured = read_configuration(
            Path(settings.sources_file), SOURCES, EXPORTS.values(), need_secrets=False
        ).sources
    except ConfigurationError as error:
        fail(str(error), EXIT_USAGE)
    page = gateway_metrics(settings)
    counts = counted(page) if page is not None else {}
    in_inbox = received(settings)
    rows = [
        _row(each.source, in_inbox.get(name, Received()), counts.get(name, Counted()))
        for name, each in configured.items()
    ]
    if as_json:
        print_json({"gateway": page is not None, "sources": rows})
        return
    if page is None:
        click.secho(
            f"no gateway answers on {settings.host}:{settings.gateway_metrics_port}: its events, refused signatures "
            "and incomplete fields are not known",
            fg="yellow",
            err=True,
        )
    for row in rows:
        click.echo("\n".join(_shown(row)))


def _row(source: Source[Any], in_inbox: Received, counts: Counted) -> dict[str, Any]:
    last = max(in_inbox.last / 1000, counts.last)
    remedies = {each.field: {"effect": each.effect, "remedy": each.remedy} for each in source.missing}
    return {
        "source": source.name,
        "last": datetime.fromtimestamp(last, UTC).isoformat(timespec="seconds") if last else None,
        "items": dict(in_inbox.results),
        "events": dict(counts.events),
        "parked": dict(in_inbox.parked),
        "refused": dict(counts.refused),
        "incomplete": {
            field: {"count": count, **remedies.get(field, {})} for field, count in sorted(counts.incomplete.items())
        },
    }


def _shown(row: Mapping[str, Any]) -> Iterator[str]:
    name, last = row["source"], row["last"]
    age = "nothing came yet" if last is None else f"last item {_age(last)} ago"
    items = ", ".join(f"{count:,} {result}" for result, count in sorted(row["items"].items()))
    yield click.style(f"{name}: {age}{f'; in the inbox {items}' if items else ''}", bold=True)
    yield from (f"{count:>10,} {kind}" for kind, count in sorted(row["events"].items()))
    for reason, count in sorted(row["refused"].items()):
        yield click.style(f"{count:>10,} requests refused, signature: {reason}", fg="red")
    for reason, count in sorted(row["parked"].items()):
        yield click.style(f"{count:>10,} parked: {reason}", fg="yellow")
        yield f"{'':>10} then: stream-app replay --source {name} --reason '{reason}'"
    for field, each in row["incomplete"].items():
        yield click.style(f"{each['count']:>10,} without {field}: {each.get('effect', 'it was not sent')}", fg="yellow")
        if "remedy" in each:
            yield f"{'':>10} {each['remedy']}"


def _age(last: str) -> str:
    seconds = max(0, round(time.time() - datetime.fromisoformat(last).timestamp()))
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


@sources.command("init")
@with_settings(*SOURCES_SETTINGS)
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
def sources_init(settings: Settings, names: tuple[str, ...]) -> None:
    """Write sources.toml, the identity key and a file for the secret of each source, and say what to fill in.

    What exists stays as it is; run it again to add a source. The files of secrets can be read by their owner alone.
    """
    if unknown := sorted(set(names) - SOURCES.keys()):
        message = f"no such source: {', '.join(unknown)}; there are {', '.join(sorted(SOURCES))}"
        raise click.BadParameter(message, param_hint="NAME")
    path = Path(settings.sources_file)
    key_path = identity_key_path(settings, path)
    chosen = [SOURCES[name] for name in dict.fromkeys(names)]
    try:
        started = start(path, key_path, chosen)
    except ConfigurationError as error:
        fail(str(error), EXIT_USAGE)
    except OSError as error:
        fail(f"cannot write {error.filename}: {error.strerror}")
    for file in started.written:
        click.echo(f"wrote {file}")
    if key_path in started.written:
        click.echo(f"back up {key_path}: without it the ids of persons cannot be made again")
    for source in chosen:
        click.echo(f"\n{source.title}, at PUBLIC-URL/in/{source.name}:")
        for number, step in enumerate(source.steps, 1):
            click.echo(f"  {number}. {step}")
        if source.name in started.without_secret:
            secret = started.without_secret[source.name]
            click.secho(f"  Then write its secret into the first line of {secret}.", fg="yellow")
        elif source.name in started.with_secret:
            click.secho(f"  A secret was made for you: it stands in {started.with_secret[source.name]}.", fg="green")
    click.echo("\nThen: stream-app sources check, stream-app topics apply, stream-app gateway")


@sources.command("check")
@with_settings(*SOURCES_SETTINGS)
def sources_check(settings: Settings) -> None:
    """Test sources.toml, the secrets and the identity key, and say what is wrong. Needs no server.

    Exit code 2 if the gateway would not start.
    """
    configuration, key = configuration_of(settings, SOURCES)
    path = Path(settings.sources_file)
    for name, each in configuration.sources.items():
        taken = "requests are taken unsigned" if each.settings.unsigned else f"{len(each.secrets)} accepted secret(s)"
        click.echo(f"ok    {name}: {taken}")
    click.echo(f"ok    identity key {key.fingerprint}")
    if not configuration.gateway.public_url.startswith("https://"):
        click.secho("warn  [gateway] public_url: no https:// URL that senders reach the gateway under", fg="yellow")
    files = [path.parent / each.settings.secret_file for each in configuration.sources.values()]
    for file in [identity_key_path(settings, path), *(each for each in files if each.is_file())]:
        if file.stat().st_mode & _OTHERS:
            click.secho(f"warn  {file} can be read by others: chmod 600 {file}", fg="yellow")
    for name, each in configuration.sources.items():
        for missing in each.source.missing:
            if missing.field == _ACCOUNT and len(configuration.sources) > 1:
                click.secho(f"warn  {name}: {missing.effect}: {missing.remedy}", fg="yellow")
    if not configuration.sources:
        fail(f"{path} names no source: run `stream-app sources init NAME`", EXIT_USAGE)
