"""The sources and exports, as the pages about them show them."""

import ast
import inspect
import textwrap
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, get_args

import msgspec

from stream_app.sources import EXPORTS, SOURCES
from stream_app.sources.export import Export
from stream_app.sources.source import (
    Ecdsa,
    Hmac,
    InBody,
    Missing,
    Read,
    Signature,
    Source,
    SourceSettings,
    StandardWebhooks,
    Unsigned,
)
from stream_app.spec.described_source import DescribedExport, DescribedSource, Rows


def described_sources() -> list[DescribedSource]:
    """Every source, with the exports of its history."""
    exports = described_exports()
    return [_source(each, tuple(own for own in exports if own.source == each.name)) for each in SOURCES.values()]


def described_exports() -> list[DescribedExport]:
    """Every kind of export."""
    return [_export(each) for each in EXPORTS.values()]


def _source(source: Source[Any], exports: tuple[DescribedExport, ...]) -> DescribedSource:
    return DescribedSource(
        name=source.name,
        title=source.title,
        signature=_signature(source.signature),
        steps=source.steps,
        reads=_reads(source.reads),
        missing=_missing(source.missing),
        settings=_settings(source.settings),
        exports=exports,
    )


def _export(export: Export[Any]) -> DescribedExport:
    return DescribedExport(
        name=export.name,
        title=export.title,
        source=export.source,
        reads=_reads(export.reads),
        missing=_missing(export.missing),
        settings=tuple(row for row in _settings(export.settings) if row not in _OF_REQUESTS),
        steps=export.steps,
    )


def _reads(reads: Iterable[Read]) -> Rows:
    return tuple((each.input, each.becomes, each.note) for each in reads)


def _missing(missing: Iterable[Missing]) -> Rows:
    return tuple((f"`{each.field}`", each.effect, each.remedy) for each in missing)


def _signature(signature: Signature) -> str:
    match signature:
        case Hmac(header=header, digest=digest):
            return f"Signed with a shared secret: HMAC-{digest.upper()} in the header `{header}`."
        case StandardWebhooks(prefix=prefix):
            return f"Signed as Standard Webhooks has it: the headers `{prefix}-id`, `-timestamp` and `-signature`."
        case Ecdsa(header=header):
            return f"Signed with a private key: ECDSA in the header `{header}`."
        case InBody():
            return "A token in the body is signed, the rest is not: the connection has to be HTTPS."
        case Unsigned():
            return "Nothing is signed: a password by Basic auth, or a secret as the last part of the path."


def _settings(kind: type[msgspec.Struct], prefix: str = "") -> Rows:
    """Each setting with its default and the text below it; a table of tables has `NAME` for what names one of them."""
    texts = {name: text for each in reversed(kind.__mro__) for name, text in _texts(each).items()}
    rows: list[tuple[str, ...]] = []
    for each in msgspec.structs.fields(kind):
        rows.append((f"`{prefix}{each.name}`", _default(each), texts.get(each.name, "")))
        for inner in get_args(each.type):
            if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
                rows += _settings(inner, f"{prefix}{each.name}.NAME.")
    return tuple(rows)


def _default(field: msgspec.structs.FieldInfo) -> str:
    default = field.default
    if default in ("", msgspec.NODEFAULT):
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _texts(kind: type) -> dict[str, str]:
    """The text that stands below each field of a class; there is none of built-in ones."""
    try:
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    except (OSError, TypeError):
        return {}
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    found = {}
    for field, below in pairwise(body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = " ".join(text.split())
    return found


_OF_REQUESTS = frozenset(_settings(SourceSettings))
