"""A network before a Kafka broker in which the group's coordinator answers with errors of a test's choice."""

import asyncio
import struct
from collections import Counter
from typing import Final

from tests.servers.blackhole import Blackhole

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


class KafkaProxy(Blackhole):
    """As a Blackhole, until `answer` makes the next answers of one API errors."""

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

    async def _pass_on(self, near: asyncio.StreamReader, far: asyncio.StreamReader, *to: asyncio.StreamWriter) -> None:
        to_near, to_far = to
        requests: dict[int, tuple[int, int]] = {}
        ways = [self._requests(near, to_far, requests), self._answers(far, to_near, requests)]
        tasks = [asyncio.create_task(way) for way in ways]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

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
