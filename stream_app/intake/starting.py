"""Writes what a gateway begins with: `sources.toml`, the identity key, and a file for the secret of each source."""

import json
import secrets
import tomllib
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from stream_app.intake.configuration import ConfigurationError
from stream_app.intake.identity_key import create_identity_key
from stream_app.sources.source import Signature, Source, StandardWebhooks, Unsigned

__all__ = ["Started", "start"]

_OWN_PREFIX = "webhook"
_OWN_USER = "stream-app"
_SECRET_BYTES = 24
_COMMON = frozenset({"secret_file", "unsigned"})

_HEAD = """\
# Which sources `stream-app gateway` takes, and what each is set to. `stream-app sources check` tests this file.

[gateway]
# Under which URL senders reach the gateway, without /in/...: some sign it.
public_url = ""
# Which items the inbox keeps for 30 days: "all" (so that a wrong mapping can be repaired), "parked" or "none".
inbox = "all"

[identity]
# The field of a source's metadata that holds your own account id.
account_key = "account_id"
"""


@dataclass(frozen=True, slots=True)
class Started:
    """What was written, and the files of secrets of new sources: those to be filled in, and those that were made."""

    written: tuple[Path, ...]
    without_secret: Mapping[str, Path]
    with_secret: Mapping[str, Path]


def start(path: Path, key_path: Path, sources: Iterable[Source[Any]]) -> Started:
    """Write `sources.toml` and what is beside it; what exists stays as it is, and sources that are new are added.

    Files that hold secrets can be read by their owner alone. Raises OSError, and ConfigurationError if there is a
    `sources.toml` that is no TOML.
    """
    written: list[Path] = []
    text = path.read_text("utf-8") if path.exists() else _HEAD
    known = _known(path, text)
    new = [source for source in sources if source.name not in known]
    if new or not path.exists():
        path.write_text("\n".join([text.rstrip("\n"), "", *map(_table, new)]).rstrip("\n") + "\n", "utf-8")
        written.append(path)
    if not key_path.exists():
        create_identity_key(key_path)
        written.append(key_path)
    empty: dict[str, Path] = {}
    made: dict[str, Path] = {}
    for source in new:
        file = path.parent / _secret_file(source)
        if not file.exists():
            file.touch(0o600)
            if own := _own_secret(source.signature):
                file.write_text(own, "utf-8")
                made[source.name] = file
            written.append(file)
        if not file.read_text("utf-8").strip():
            empty[source.name] = file
    return Started(tuple(written), empty, made)


def _known(path: Path, text: str) -> frozenset[str]:
    try:
        sources = tomllib.loads(text).get("sources", {})
    except tomllib.TOMLDecodeError:
        problem = f"{path} is no TOML: correct it, or move it away"
        raise ConfigurationError([problem]) from None
    return frozenset(sources) if isinstance(sources, dict) else frozenset()


def _table(source: Source[Any]) -> str:
    """The table of a source; what may be left out stands there as a comment, with its default."""
    lines = [f"[sources.{source.name}]", f'secret_file = "{_secret_file(source)}"']
    for each in structs.fields(source.settings):
        if each.encode_name in _COMMON:
            continue
        default = each.default if each.default is not msgspec.NODEFAULT else _made(each)
        if default is not msgspec.NODEFAULT:
            lines.append(f"# {each.encode_name} = {_literal(default)}")
    return "\n".join([*lines, ""])


def _made(each: structs.FieldInfo) -> object:
    return each.default_factory() if callable(each.default_factory) else msgspec.NODEFAULT


def _literal(value: object) -> str:
    """A value in TOML."""
    if isinstance(value, dict):
        pairs = ", ".join(f"{_literal(name)} = {_literal(each)}" for name, each in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list | tuple | set | frozenset):
        return f"[{', '.join(map(_literal, value))}]"
    # What is left of it, texts, numbers, true and false, is written as in JSON.
    return json.dumps(value if isinstance(value, str | int | float) else str(value), ensure_ascii=False)


def _secret_file(source: Source[Any]) -> str:
    return f"{source.name}.secret"


def _own_secret(signature: Signature) -> str:
    """A secret where we are the ones to choose it; "" where the vendor does."""
    if isinstance(signature, StandardWebhooks) and signature.prefix == _OWN_PREFIX:
        return f"whsec_{b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}\n"
    if isinstance(signature, Unsigned):
        return f"{_OWN_USER}:{secrets.token_urlsafe(_SECRET_BYTES)}\n"
    return ""
