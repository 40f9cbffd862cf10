"""Networks of the tests' own between clients and a server on this machine: each has faults of its own."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from stream_app.clients.ports import free_port

HOST = "127.0.0.1"
CHUNK = 1 << 16


class Network:
    """Takes connections, as a context manager, and serves them on a thread of its own.

    The server may need the address before it starts: `target`, its own port, can be set later.
    """

    def __init__(self, target: int = 0) -> None:
        """Take the port of the server."""
        self.target = target
        self.port = free_port()
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="network", daemon=True)
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        """The `host:port` of the server, seen through here."""
        return f"{HOST}:{self.port}"

    def __enter__(self) -> Self:
        """Listen."""
        self._thread.start()
        starting = asyncio.start_server(self._connect, HOST, self.port)
        self._server = asyncio.run_coroutine_threadsafe(starting, self.loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Break all connections."""
        self.loop.call_soon_threadsafe(self._server.close)
        self.cut()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def cut(self) -> None:
        """Break all connections; new ones are taken."""
        asyncio.run_coroutine_threadsafe(self._cut(), self.loop).result()

    async def serve(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        """Serve one connection until it ends."""
        raise NotImplementedError

    async def _cut(self) -> None:
        connections = list(self._connections)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _connect(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        # Either side may hang up at any time, and the test that ends does.
        with suppress(OSError, asyncio.CancelledError):
            await self.serve(near, to_near)
        self._connections.discard(task)
        to_near.close()


async def until_one_ends(*ways: Coroutine[Any, Any, None]) -> None:
    """Forward in all ways until one of them has no more to forward."""
    tasks = [asyncio.create_task(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
