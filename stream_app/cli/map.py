"""`map`: try out what becomes of a payload, without any server."""

import secrets
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

import click
import msgspec
import orjson

from stream_app.cli.options import EXIT_USAGE, fail, with_settings
from stream_app.cli.sources_file import SOURCES_SETTINGS
from stream_app.cli.wiring import routes
from stream_app.clients.settings import Settings
from stream_app.intake.configuration import ConfigurationError, IdentitySettings, read_configuration
from stream_app.intake.identity_key import KEY_BYTES, identity_key_path, read_identity_key
from stream_app.intake.mapping import Mapped, Mapping, TooManyItems
from stream_app.sources import EXPORTS, SOURCES
from stream_app.sources.identity import alias
from stream_app.sources.source import Context, Request, SourceSettings


@click.command()
@with_settings(*SOURCES_SETTINGS)
@click.option("--test", is_flag=True, show_envvar=True, help="Take what the source marks as a test, too.")
@click.argument("source", type=click.Choice(sorted(SOURCES)))
@click.argument("file", type=click.File("rb"), default="-")
def map(settings: Settings, source: str, file: BinaryIO, *, test: bool) -> None:  # noqa: A001 - the command's name
    """Show which events what SOURCE posts in FILE (or - for standard input) becomes, without any server.

    FILE is the body of a request, or JSON lines of bodies. Events are printed as JSON lines; what is parked, ignored or
    incomplete is said on standard error. Signatures are not checked. Settings come from `sources.toml` if there is one,
    ids of e-mail addresses are made with the identity key if there is one. Exit code 1 if anything was parked.
    """
    persons = _Persons(settings)
    own, account_key = _settings_of(settings, source)
    if test:
        own = msgspec.structs.replace(own, test=True)
    mapping = Mapping(SOURCES[source], Context(own, persons, account_key), routes(settings))
    is_parked = False
    for number, mapped in enumerate(_mapped(mapping, source, file.read()), 1):
        for event in mapped.events:
            click.echo(event.value)
        for outcome in ("parked", "ignored", "incomplete"):
            for reason in getattr(mapped, outcome):
                click.secho(f"item {number}: {outcome}: {reason}", fg=_COLORS.get(outcome), err=True)
        is_parked = is_parked or bool(mapped.parked)
    if persons.are_examples:
        click.secho("no identity key: the ids of e-mail addresses (p-...) are examples", fg="yellow", err=True)
    sys.exit(is_parked)


_COLORS = {"parked": "red"}


class _Persons:
    """The ids of e-mail addresses; without an identity key they are made with one that nobody has."""

    def __init__(self, settings: Settings) -> None:
        path = identity_key_path(settings, Path(settings.sources_file))
        self._has_key = path.exists()
        try:
            key = read_identity_key(path).key if self._has_key else secrets.token_bytes(KEY_BYTES)
        except ConfigurationError as error:
            fail(str(error), EXIT_USAGE)
        self._alias: Callable[[str], str | None] = partial(alias, key)
        self.are_examples = False

    def __call__(self, address: str) -> str | None:
        found = self._alias(address)
        self.are_examples = self.are_examples or (found is not None and not self._has_key)
        return found


def _settings_of(settings: Settings, source: str) -> tuple[SourceSettings, str]:
    """The settings of a source and the account key, those of `sources.toml` if it is there or was named."""
    path = Path(settings.sources_file)
    default = Settings.model_fields["sources_file"].default
    if not path.exists() and settings.sources_file == default:
        return SOURCES[source].settings(), IdentitySettings().account_key
    try:
        configuration = read_configuration(path, SOURCES, EXPORTS.values(), need_secrets=False)
    except ConfigurationError as error:
        fail(str(error), EXIT_USAGE)
    configured = configuration.sources.get(source)
    own = configured.settings if configured else SOURCES[source].settings()
    return own, configuration.identity.account_key


def _mapped(mapping: Mapping, source: str, content: bytes) -> Iterator[Mapped]:
    now = time.time_ns() // 1_000_000
    for body in _bodies(content):
        found = mapping.request(Request("POST", f"/in/{source}", {}, body), now)
        if isinstance(found, TooManyItems):
            fail(f"more items than the {SOURCES[source].limits.items} that {source} may send at once")
        yield from found


def _bodies(content: bytes) -> list[bytes]:
    """The bodies of requests in a file: each of several lines that are JSON is one."""
    lines = [line for line in content.splitlines() if line.strip()]
    return lines if len(lines) > 1 and not _is_json(content) and all(_is_json(line) for line in lines) else [content]


def _is_json(text: bytes) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
