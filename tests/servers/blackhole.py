"""A network between clients and a server in which packets may vanish while connections stay open."""

import asyncio
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from stream_app.clients.ports import free_port

_HOST = "127.0.0.1"
_CHUNK = 1 << 16


class Blackhole:
    """Forwards connections to a server on this machine, as a context manager, until it is told to swallow everything.

    The server may be told the address before it starts: `target`, its own port, can be set later.
    """

    def __init__(self, target: int = 0) -> None:
        """Take the port of the server."""
        self.target = target
        self.port = free_port()
        self._swallows = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="blackhole", daemon=True)
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        """The `host:port` of the server, seen through here."""
        return f"{_HOST}:{self.port}"

    def swallow(self) -> None:
        """From now on let nothing through and close nothing; new connections are taken and never answered."""
        self._swallows = True

    def restore(self) -> None:
        """Let everything through again. What was swallowed stays lost."""
        self._swallows = False

    def __enter__(self) -> Self:
        """Listen."""
        self._thread.start()
        starting = asyncio.start_server(self._connect, _HOST, self.port)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Break all connections."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        connections = list(self._connections)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _connect(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        to_far: asyncio.StreamWriter | None = None
        # Either side may hang up at any time, and the test that ends does.
        with suppress(OSError, asyncio.CancelledError):
            if self._swallows:
                await self._forward(near, None)
            else:
                far, to_far = await asyncio.open_connection(_HOST, self.target)
                await self._pass_on(near, far, to_near, to_far)
        self._connections.discard(task)
        for writer in (to_near, to_far):
            if writer is not None:
                writer.close()

    async def _pass_on(self, near: asyncio.StreamReader, far: asyncio.StreamReader, *to: asyncio.StreamWriter) -> None:
        to_near, to_far = to
        ways = [asyncio.create_task(self._forward(*way)) for way in ((near, to_far), (far, to_near))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _forward(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter | None) -> None:
        while data := await source.read(_CHUNK):
            if sink is not None and not self._swallows:
                sink.write(data)
                await sink.drain()
