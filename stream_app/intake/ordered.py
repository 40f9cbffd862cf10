"""Puts more events than fit into memory into the order in which they happened.

An event that is older than its entity's newest by more than the horizon is ignored, so history has to be sent from its
beginning; but exports begin with the newest as often as not.
"""

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from operator import attrgetter
from typing import IO, Final

import msgspec

from stream_app.intake.mapping import Outgoing

__all__ = ["IN_MEMORY", "ordered"]

IN_MEMORY: Final = 50_000
"""How many events are sorted at once; beyond, sorted parts are put into files, and merged."""

_BUFFER_BYTES = 64 * 1024
_LENGTH_BYTES = 4
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Outgoing).decode
_when = attrgetter("at")


def ordered(events: Iterable[Outgoing], in_memory: int = IN_MEMORY) -> Iterator[Outgoing]:
    """Yield events by time; those of one time in the order in which they came. Raises OSError when the disk is full."""
    with ExitStack() as stack:
        parts: list[IO[bytes]] = []
        held: list[Outgoing] = []
        for each in events:
            held.append(each)
            if len(held) >= in_memory:
                parts.append(stack.enter_context(tempfile.TemporaryFile(buffering=_BUFFER_BYTES)))
                _write(parts[-1], sorted(held, key=_when))
                held = []
        held.sort(key=_when)
        yield from heapq.merge(*map(_read, parts), held, key=_when)


def _write(part: IO[bytes], events: Iterable[Outgoing]) -> None:
    for each in events:
        encoded = _encode(each)
        part.write(len(encoded).to_bytes(_LENGTH_BYTES, "big") + encoded)
    part.seek(0)


def _read(part: IO[bytes]) -> Iterator[Outgoing]:
    while length := part.read(_LENGTH_BYTES):
        yield _decode(part.read(int.from_bytes(length, "big")))
