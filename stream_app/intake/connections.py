"""Connections of the gateway: so many at most, and none that never sends a request."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

__all__ = ["FIRST_REQUEST_S", "MAX_CONNECTIONS", "Connections"]

MAX_CONNECTIONS: Final = 800
"""How many may be open; a new one beyond is closed at once. A process may often have 1,024 files."""

FIRST_REQUEST_S: Final = 10.0
"""How long the headers of the first request may take, in seconds."""


class Connections(web.Server):
    """aiohttp's server, which by itself waits for ever for the first request of a connection."""

    def __init__(self, handle: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], **options: Any) -> None:  # noqa: ANN401 - the library's
        self._waiting: dict[RequestHandler, asyncio.TimerHandle] = {}

        async def handle_and_note(request: web.BaseRequest) -> web.StreamResponse:
            self._forget(request.protocol)
            return await handle(request)

        super().__init__(handle_and_note, **options)

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Take a connection, or close it if there are too many."""
        super().connection_made(handler, transport)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
        else:
            self._waiting[handler] = asyncio.get_running_loop().call_later(FIRST_REQUEST_S, transport.abort)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """Forget a connection."""
        self._forget(handler)
        super().connection_lost(handler, exc)

    def _forget(self, handler: RequestHandler) -> None:
        if (timer := self._waiting.pop(handler, None)) is not None:
            timer.cancel()
