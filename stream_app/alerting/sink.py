"""A server that takes what Alertmanager would send to a chat, and shows it. It notifies nobody."""

import asyncio
import signal
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from stream_app.alerting.sink_page import STYLE_HASH, Message, sink_page
from stream_app.clients.http import CannotListenError, allowed_names, is_allowed

__all__ = ["run_sink"]

_SHOWN = 20
"""Messages of a receiver that are remembered."""

_RECEIVERS = 50
_MOST_BYTES = 1024 * 1024
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": f"default-src 'none'; style-src '{STYLE_HASH}'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'",
}


class _Attachment(msgspec.Struct):
    title: str = ""
    text: str = ""


class _Posted(msgspec.Struct):
    """What is read of a message to an incoming webhook of Slack: https://api.slack.com/messaging/webhooks."""

    attachments: Annotated[tuple[_Attachment, ...], msgspec.Meta(min_length=1)]
    channel: Annotated[str, msgspec.Meta(max_length=100)] = ""


class _Sink:
    """Remembers the newest messages of each receiver."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._messages: dict[str, deque[Message]] = {}

    async def take(self, request: web.Request) -> web.Response:
        """Take a message."""
        try:
            posted = msgspec.json.decode(await request.read(), type=_Posted)
        except msgspec.MsgspecError:
            return web.Response(status=400, text="no message as Slack takes it\n")
        received = self._messages.pop(posted.channel, deque(maxlen=_SHOWN))
        received.extendleft(Message(self._clock(), each.title, each.text) for each in posted.attachments)
        self._messages[posted.channel] = received
        if len(self._messages) > _RECEIVERS:
            del self._messages[next(iter(self._messages))]
        return web.Response(text="ok")

    async def page(self, _: web.Request) -> web.Response:
        """Show what has come."""
        return web.Response(text=sink_page(dict(sorted(self._messages.items()))), content_type="text/html")

    async def messages(self, _: web.Request) -> web.Response:
        """Give the same as JSON."""
        found = {name: list(messages) for name, messages in self._messages.items()}
        return web.Response(body=msgspec.json.encode(found), content_type="application/json")

    async def health(self, _: web.Request) -> web.Response:
        """Say that it is there."""
        return web.Response(text="ok\n")


def _application(names: frozenset[str]) -> web.Application:
    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_allowed(request.headers.get("Host"), names):
            return web.Response(status=421, text="this server does not answer to that name\n")
        answer = await handler(request)
        answer.headers.update(_HEADERS)
        return answer

    sink = _Sink(lambda: datetime.now(UTC))
    application = web.Application(middlewares=[guarded], client_max_size=_MOST_BYTES)
    application.add_routes(
        [
            web.post("/slack", sink.take),
            web.get("/", sink.page),
            web.get("/messages.json", sink.messages),
            web.get("/health", sink.health),
        ]
    )
    return application


async def run_sink(host: str, port: int, names: str, on_listening: Callable[[], None] = lambda: None) -> None:
    """Take and show messages until SIGTERM or SIGINT; `names` as of `allowed_names`. Raises CannotListenError."""
    stop = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    runner = web.AppRunner(_application(allowed_names(host, names)), access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise CannotListenError(host, port, error) from error
        on_listening()
        await stop.wait()
    finally:
        await runner.cleanup()
