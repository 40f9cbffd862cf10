"""`sources.toml`: which sources there are, and what each of them is set to.

Everything that is wrong is found at once, and named by file, table, key and rule; no value and no secret is repeated.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from stream_app.clients.settings import PREFIX
from stream_app.clients.toml_file import ConfigurationError, parsed, table_as
from stream_app.sources.export import Export
from stream_app.sources.source import Hmac, Source, SourceSettings

__all__ = [
    "Configuration",
    "ConfigurationError",
    "Configured",
    "GatewaySettings",
    "IdentitySettings",
    "Inbox",
    "read_configuration",
    "read_export_settings",
    "read_secrets",
    "secret_variable",
]

_MEBIBYTE = 1024 * 1024
_TABLES = ("gateway", "identity", "sources")
_WRITTEN_BY = "`stream-app sources init NAME` writes one"

Inbox = Literal["all", "parked", "none"]
"""Which items the inbox takes: all that were verified, those that could not be mapped, or none."""


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `gateway`."""

    public_url: str = ""
    """Under which URL senders reach it, without `/in/…`: some sign it. Never taken from a request."""
    inbox: Inbox = "all"
    in_flight: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 256
    """Most requests at once; what comes beyond gets a 503."""
    in_flight_bytes: Annotated[int, msgspec.Meta(ge=_MEBIBYTE, le=1024 * _MEBIBYTE)] = 64 * _MEBIBYTE
    """Most bytes of bodies at once; what comes beyond gets a 503."""


class IdentitySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `identity`."""

    account_key: str = "account_id"
    """The field of a source's metadata that holds our account id."""


@dataclass(frozen=True, slots=True)
class Configured:
    """A source that is to be taken, with its settings. Its secrets are shown by nothing that prints it."""

    source: Source[Any]
    settings: SourceSettings
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Configuration:
    """What `sources.toml` says."""

    gateway: GatewaySettings
    identity: IdentitySettings
    sources: Mapping[str, Configured]


def secret_variable(name: str) -> str:
    """The environment variable that names the file of a source's secrets."""
    return f"{PREFIX}SOURCE_{re.sub('[^A-Z0-9]', '_', name.upper())}_SECRET_FILE"


def read_configuration(
    path: Path,
    declared: Mapping[str, Source[Any]],
    exports: Iterable[Export[Any]] = (),
    *,
    need_secrets: bool = True,
) -> Configuration:
    """Read `sources.toml` and the secrets that it names; files that it names are looked for beside it.

    `declared` are all sources by name, `exports` those that may have tables of their own; without `need_secrets` none
    is read and none is missed. Raises ConfigurationError.
    """
    text = parsed(path, _WRITTEN_BY)
    problems: list[str] = []
    allowed = ", ".join(f"[{name}]" for name in _TABLES)
    problems += [f"{path}: [{name}]: no such table; there may be {allowed}" for name in text if name not in _TABLES]
    gateway = table_as(path, "gateway", text.get("gateway", {}), GatewaySettings, problems)
    identity = table_as(path, "identity", text.get("identity", {}), IdentitySettings, problems)
    tables = text.get("sources", {})
    if not isinstance(tables, dict):
        problems.append(f"{path}: [sources]: expected a table of each source, as in [sources.events]")
        tables = {}
    found: dict[str, Configured] = {}
    imported = {each.source for each in exports} - declared.keys()
    for name, table in tables.items():
        source = declared.get(name)
        if name in imported:
            continue
        if source is None:
            known = ", ".join(sorted({*declared, *imported}))
            problems.append(f"{path}: [sources.{name}]: no such source; there are {known}")
            continue
        settings = table_as(path, f"sources.{name}", table, source.settings, problems)
        if settings is None:
            continue
        secrets: tuple[str, ...] = ()
        if need_secrets:
            problems += _unsuitable(path, source, settings, gateway)
            try:
                secrets = read_secrets(path, name, settings)
            except ConfigurationError as error:
                problems += error.problems
        found[name] = Configured(source, settings, secrets)
    if problems or gateway is None or identity is None:
        raise ConfigurationError(problems)
    return Configuration(gateway, identity, found)


def read_export_settings(path: Path, export: Export[Any], options: Mapping[str, object]) -> tuple[Any, str]:
    """The settings of an export and the account key: its table of `sources.toml`, if there is one, and options.

    An option is a field of its settings that stands in no file. Raises ConfigurationError.
    """
    text = parsed(path, _WRITTEN_BY) if path.exists() else {}
    problems: list[str] = []
    fields = {each.encode_name for each in msgspec.structs.fields(export.settings)}
    problems += [f"--{name} says nothing to {export.name}" for name in options if name not in fields]
    identity = table_as(path, "identity", text.get("identity", {}), IdentitySettings, problems)
    sources = text.get("sources", {})
    table = sources.get(export.source, {}) if isinstance(sources, dict) else {}
    whole = {**table, **options} if isinstance(table, dict) else table
    settings = table_as(path, f"sources.{export.source}", whole, export.settings, problems)
    if problems or identity is None:
        raise ConfigurationError(problems)
    return settings, identity.account_key


def read_secrets(path: Path, name: str, settings: SourceSettings) -> tuple[str, ...]:
    """The accepted secrets of a source, one a line of its file; none where requests are taken unsigned.

    The environment variable wins over `secret_file`. Raises ConfigurationError.
    """
    where, variable = f"{path}: [sources.{name}]", secret_variable(name)
    named = os.environ.get(variable, "")
    given = named or settings.secret_file
    if settings.unsigned:
        if given:
            problem = f"{where} unsigned: there is a secret, too; leave one of them out"
            raise ConfigurationError([problem])
        return ()
    if not given:
        problem = f"{where} secret_file: is needed, or the variable {variable}, or unsigned = true"
        raise ConfigurationError([problem])
    key = variable if named else f"{where} secret_file"
    file = path.parent / given
    try:
        lines = file.read_text("utf-8").splitlines()
    except OSError as error:
        problem = f"{key}: cannot read {file}: {error.strerror}"
        raise ConfigurationError([problem]) from None
    except UnicodeDecodeError:
        problem = f"{key}: {file} is no text in UTF-8"
        raise ConfigurationError([problem]) from None
    if not (secrets := tuple(line.strip() for line in lines if line.strip())):
        problem = f"{key}: {file} is empty: write the secret into its first line"
        raise ConfigurationError([problem])
    return secrets


def _unsuitable(
    path: Path, source: Source[Any], settings: SourceSettings, gateway: GatewaySettings | None
) -> Iterator[str]:
    signature = source.signature
    if settings.unsigned or gateway is None or gateway.public_url:
        return
    if isinstance(signature, Hmac) and "url" in signature.signed:
        yield f"{path}: [gateway] public_url: is needed, because {source.title} signs it"
