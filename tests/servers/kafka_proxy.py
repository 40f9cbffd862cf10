"""A network before a Kafka broker in which the group's coordinator answers with errors of a test's choice."""

import asyncio
import struct
from collections import Counter
from contextlib import closing
from typing import Final

from tests.servers.network import HOST, Network, until_one_ends

FIND_COORDINATOR: Final = 10
JOIN_GROUP: Final = 11
HEARTBEAT: Final = 12
SYNC_GROUP: Final = 14
OFFSET_COMMIT: Final = 8
_HEAD = struct.Struct(">hhi")
_LENGTH = struct.Struct(">i")
_ERROR = struct.Struct(">h")
# From this version on an answer begins with how long the client is to wait.
_THROTTLED_SINCE = {FIND_COORDINATOR: 1, JOIN_GROUP: 2, HEARTBEAT: 1, SYNC_GROUP: 1}


class KafkaProxy(Network):
    """Forwards connections, until `answer` makes the next answers of one API errors."""

    def __init__(self, target: int = 0) -> None:
        """Take the port of the broker."""
        super().__init__(target)
        self._errors: dict[int, int] = {}
        self.spoiled: Counter[int] = Counter()

    def answer(self, api: int, error: int) -> None:
        """From now on answer all requests of this API, one of those above, with this error code."""
        self._errors[api] = error

    def answer_well(self) -> None:
        """From now on spoil nothing."""
        self._errors.clear()

    async def serve(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        """Forward a connection, and spoil its answers."""
        requests: dict[int, tuple[int, int]] = {}
        far, to_far = await asyncio.open_connection(HOST, self.target)
        with closing(to_far):
            await until_one_ends(self._requests(near, to_far, requests), self._answers(far, to_near, requests))

    async def _requests(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, requests: dict[int, tuple[int, int]]
    ) -> None:
        while True:
            frame = await _frame(source)
            api, version, number = _HEAD.unpack_from(frame)
            requests[number] = api, version
            await _send(sink, frame)

    async def _answers(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, requests: dict[int, tuple[int, int]]
    ) -> None:
        while True:
            frame = bytearray(await _frame(source))
            api, version = requests.pop(_LENGTH.unpack_from(frame)[0])
            if api in self._errors:
                at = _LENGTH.size + (4 if version >= _THROTTLED_SINCE[api] else 0)
                _ERROR.pack_into(frame, at, self._errors[api])
                self.spoiled[api] += 1
            await _send(sink, bytes(frame))


async def _frame(source: asyncio.StreamReader) -> bytes:
    (length,) = _LENGTH.unpack(await source.readexactly(_LENGTH.size))
    return await source.readexactly(length)


async def _send(sink: asyncio.StreamWriter, frame: bytes) -> None:
    sink.write(_LENGTH.pack(len(frame)) + frame)
    await sink.drain()
