"""Files in TOML that users write. What is wrong is named by file, table, key and rule; no value is repeated."""

import re
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect


class ConfigurationError(Exception):
    """What is wrong with a file, or with one that it names: one sentence each, all that were found."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def parsed(path: Path, remedy: str) -> dict[str, Any]:
    """Return what a file holds; `remedy` says what to do where it cannot be read. Raises ConfigurationError."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        problem = f"cannot read {path}: {error.strerror}; {remedy}"
    except UnicodeDecodeError:
        problem = f"{path} is no text in UTF-8"
    except tomllib.TOMLDecodeError as error:
        # Its message ends with the place; what stands before may repeat what is there.
        place = re.search(r"\((at [^()]+)\)$", str(error))
        problem = f"{path} is no TOML, {place[1] if place else 'somewhere'}"
    raise ConfigurationError([problem])


def table_as(path: Path, name: str, table: object, kind: type[Any], problems: list[str]) -> Any:  # noqa: ANN401 - of `kind`
    """Return the table as a struct; None if it is none, and then what is wrong is among the problems."""
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        problems.append(f"{path}: [{name}]{_rule(str(error), kind)}")
        return None


_MESSAGES: tuple[tuple[str, Callable[[re.Match[str], inspect.Type | None], tuple[str, str]]], ...] = (
    (
        r"Object contains unknown field `(?P<key>[^`]*)`",
        lambda found, kind: (found["key"], f"no such key; there may be {', '.join(_fields(kind))}"),
    ),
    (r"Object missing required field `(?P<key>[^`]*)`", lambda found, _: (found["key"], "is needed")),
    # The one message that repeats the value.
    (r"Invalid enum value ", lambda _, kind: ("", f"expected one of {', '.join(_literals(kind))}")),
    (r"(?P<rule>Expected .*)$", lambda found, _: ("", found["rule"].replace("`", "").replace("E", "e", 1))),
)


def _rule(message: str, kind: type[Any]) -> str:
    """Key and rule of a message of msgspec's."""
    said, _, at = message.partition(" - at `")
    path = at.rstrip("`").removeprefix("$").lstrip(".")
    place = _type_at(inspect.type_info(kind), path)
    for pattern, describe in _MESSAGES:
        if found := re.match(pattern, said):
            key, rule = describe(found, place)
            named = ".".join(part for part in (path.replace("[...]", ".*"), key) if part)
            return f" {named}: {rule}" if named else f": {rule}"
    return f"{path and f' {path}'}: {said}"


def _type_at(kind: inspect.Type, path: str) -> inspect.Type | None:
    """The type of what stands at a path such as `pipelines[...].kind`."""
    at: inspect.Type | None = kind
    for part in re.findall(r"\[[^]]*\]|[^.\[]+", path):
        at = _inner(at, part)
    return at


def _inner(kind: inspect.Type | None, part: str) -> inspect.Type | None:
    if isinstance(kind, inspect.UnionType):
        inner = (_inner(each, part) for each in kind.types)
        return next((each for each in inner if each is not None), None)
    if part.startswith("["):
        if isinstance(kind, inspect.DictType):
            return kind.value_type
        return getattr(kind, "item_type", None)
    if isinstance(kind, inspect.StructType):
        return next((each.type for each in kind.fields if each.encode_name == part), None)
    return None


def _fields(kind: inspect.Type | None) -> list[str]:
    if isinstance(kind, inspect.UnionType):
        return [name for each in kind.types for name in _fields(each)]
    return [each.encode_name for each in kind.fields] if isinstance(kind, inspect.StructType) else []


def _literals(kind: inspect.Type | None) -> list[str]:
    if isinstance(kind, inspect.UnionType):
        return [value for each in kind.types for value in _literals(each)]
    return [str(each) for each in kind.values] if isinstance(kind, inspect.LiteralType) else []
