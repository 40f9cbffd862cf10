"""The rows of an export, one at a time: CSV, JSON lines, arrays, and pages of lists as vendors' APIs answer them.

What a file is follows from how it begins. No more of it is in memory than one row, however large it is.
"""

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

__all__ = ["LARGEST_ROW", "BadFileError", "BadRow", "Row", "read_rows"]

LARGEST_ROW: Final = 4 * 1024 * 1024
"""How many characters a row may have."""

_CHUNK = 64 * 1024
_DELIMITERS = ",;\t|"
# Where vendors put the rows of a page: Stripe, HubSpot, Mailgun.
_PAGES: Final = (("data", "object"), ("results", "paging"), ("items", "paging"))
_STREAMED = re.compile(r'\{\s*"object"\s*:\s*"list"\s*')
_SPACE = re.compile(r"[\s,]*")
_decode = json.JSONDecoder().raw_decode


@dataclass(frozen=True, slots=True)
class Row:
    """A row and its number, counted from 1 (in CSV the line that it begins on)."""

    number: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BadRow:
    """What stands where a row should be. `reason` says nothing of what it holds."""

    number: int
    reason: str


class BadFileError(Exception):
    """The file cannot be read any further. Says where and by which rule, and nothing of what it holds."""


def read_rows(file: BinaryIO) -> Iterator[Row | BadRow]:
    """Yield the rows of a file. Raises BadFileError where it cannot be read on, and OSError."""
    head = file.read(_CHUNK)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        message = "the file is in UTF-16: save it as UTF-8"
        raise BadFileError(message)
    rest = _Chained(head.removeprefix(codecs.BOM_UTF8), file)
    first = head.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
    if not first:
        return
    try:
        yield from _json_rows(rest) if first in {b"{", b"["} else _csv_rows(rest)
    except UnicodeDecodeError:
        message = "the file is no text in UTF-8"
        raise BadFileError(message) from None


class _Chained(io.RawIOBase):
    """A head that was read already, and the rest."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - the library's
        found = self._head[: len(buffer)] or self._rest.read(len(buffer))
        self._head = self._head[len(found) :]
        buffer[: len(found)] = found
        return len(found)


def _csv_rows(raw: _Chained) -> Iterator[Row | BadRow]:
    text = io.TextIOWrapper(io.BufferedReader(raw, _CHUNK), "utf-8", newline="")
    lines = _bounded(text)
    first = next(lines)
    delimiter = max(_DELIMITERS, key=lambda each: len(next(csv.reader([first], delimiter=each))))
    (names,) = csv.reader([first], delimiter=delimiter)
    names = [name.strip() for name in names]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        message = f"{len(repeated)} of the columns have the same name: give each its own"
        raise BadFileError(message)
    csv.field_size_limit(LARGEST_ROW)
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        number = reader.line_num + 2
        try:
            values = next(reader, None)
        except csv.Error:
            yield BadRow(number, "no CSV")
            continue
        if values is None:
            return
        if not any(values):
            continue
        if len(values) == len(names):
            yield Row(number, dict(zip(names, values, strict=True)))
        else:
            yield BadRow(number, f"{len(values)} columns instead of {len(names)}")


def _bounded(text: io.TextIOWrapper) -> Iterator[str]:
    """The lines, none of them beyond what a row may have."""
    while line := text.readline(LARGEST_ROW + 1):
        if len(line) > LARGEST_ROW:
            message = "a line is longer than a row may be: this is no CSV"
            raise BadFileError(message)
        yield line


class _Text:
    """A window over the text that moves forward."""

    def __init__(self, raw: _Chained) -> None:
        self._raw, self._decoder = raw, codecs.getincrementaldecoder("utf-8")()
        self.window, self.at, self._ended = "", 0, False

    def next(self) -> str:
        """The next character that is no space and no comma; "" at the end."""
        while True:
            space = _SPACE.match(self.window, self.at)
            self.at = space.end() if space else self.at
            if self.at < len(self.window):
                return self.window[self.at]
            if not self._grow():
                return ""

    def value(self) -> Any:  # noqa: ANN401 - any JSON
        """The value that begins here. Raises ValueError if there is none, or it is too large."""
        while True:
            try:
                found, end = _decode(self.window, self.at)
            except (ValueError, RecursionError):
                if len(self.window) - self.at > LARGEST_ROW or not self._grow():
                    raise ValueError from None
            else:
                # A number at the end of the window may go on.
                if end < len(self.window) or not self._grow():
                    self.at = end
                    return found

    def match(self, pattern: re.Pattern[str]) -> bool:
        """Whether this stands here; then it is passed."""
        while len(self.window) - self.at < _CHUNK and self._grow():
            pass
        found = pattern.match(self.window, self.at)
        if found is not None:
            self.at = found.end()
        return found is not None

    def _grow(self) -> bool:
        """Read on; whether there was more."""
        if self._ended:
            return False
        part = self._raw.read(_CHUNK) or b""
        self._ended = not part
        self.window, self.at = self.window[self.at :] + self._decoder.decode(part, final=self._ended), 0
        return not self._ended


def _json_rows(raw: _Chained) -> Iterator[Row | BadRow]:
    text, number = _Text(raw), 0
    try:
        while begin := text.next():
            if begin == "[":
                text.at += 1
                found = _elements(text)
            elif begin == "{" and text.match(_STREAMED):
                found = _streamed_page(text)
            else:
                found = iter(_of_page(text.value()))
            for each in found:
                number += 1
                yield Row(number, each) if isinstance(each, dict) else BadRow(number, "no object")
    except ValueError as error:
        if isinstance(error, UnicodeDecodeError):
            raise
        message = f"no JSON, or more than {LARGEST_ROW} characters, behind row {number}"
        raise BadFileError(message) from None


def _elements(text: _Text) -> Iterator[Any]:
    while text.next() != "]":
        yield text.value()
    text.at += 1


def _streamed_page(text: _Text) -> Iterator[Any]:
    """The rows of a list of Stripe's, whose first key was passed."""
    while text.next() != "}":
        key = text.value()
        if text.next() != ":":
            raise ValueError
        text.at += 1
        if key == "data" and text.next() == "[":
            text.at += 1
            yield from _elements(text)
        else:
            text.next()
            text.value()
    text.at += 1


def _of_page(value: Any) -> list[Any]:  # noqa: ANN401 - any JSON
    """The rows of a page, or the value itself."""
    if isinstance(value, dict):
        for rows, mark in _PAGES:
            if mark in value and isinstance(value.get(rows), list) and (mark != "object" or value[mark] == "list"):
                return list(value[rows])
    return [value]
