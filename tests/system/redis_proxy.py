"""A network between a program and its store that loses and delays what a test tells it to."""

import asyncio
import hashlib
import threading
from contextlib import closing
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

from stream_app import store
from tests.servers.network import CHUNK, HOST, Network, until_one_ends

_TIMEOUT_S = 60.0
# Requests on a connection never overlap, so each begins a chunk.
_COMMIT = (
    hashlib.sha1((Path(store.__file__).parent / "commit.lua").read_bytes(), usedforsecurity=False).hexdigest().encode()
)
_APPLIED = b"\r\napplied\r\n"


class _Kind(Enum):
    HOLD = auto()
    DROP_CONNECTION = auto()
    NEVER_REPLY = auto()


@dataclass
class Fault:
    """Something that is to go wrong with one commit."""

    kind: _Kind
    loop: asyncio.AbstractEventLoop
    triggered: bool = False
    """Whether it has gone wrong."""
    released: asyncio.Event = field(default_factory=asyncio.Event)
    _answered: threading.Event = field(default_factory=threading.Event)
    _answer: bytes = b""

    def release(self) -> bytes:
        """Let a commit that was held go on to the store, and return what the store answers."""
        self.loop.call_soon_threadsafe(self.released.set)
        assert self._answered.wait(_TIMEOUT_S), "the store did not answer"
        return self._answer

    def answered(self, reply: bytes) -> None:
        """Hear what the store answers to the commit that was held."""
        self._answer = reply
        self._answered.set()


class RedisProxy(Network):
    """Forwards connections to a store."""

    def __init__(self, port: int) -> None:
        """Take the port of the store."""
        super().__init__(port)
        self._fault: Fault | None = None
        self._knows_script = False
        self.replied = 0
        """Bytes that the store has answered so far."""

    @property
    def url(self) -> str:
        """The store, seen through here."""
        return f"redis://{self.address}/0"

    def lead_to(self, port: int) -> None:
        """Forward new connections to another store; those that are there stay, as behind a virtual address."""
        self.target = port

    def hold(self) -> Fault:
        """Let the next commit wait here, on its way to the store."""
        return self._set(_Kind.HOLD)

    def lose_reply(self) -> Fault:
        """Break the connection instead of handing over the answer to the next commit that is applied."""
        return self._set(_Kind.DROP_CONNECTION)

    def never_reply(self) -> Fault:
        """Never hand over the answer to the next commit that is applied."""
        return self._set(_Kind.NEVER_REPLY)

    def _set(self, kind: _Kind) -> Fault:
        assert self._fault is None, "one fault at a time"
        self._fault = Fault(kind, self.loop)
        return self._fault

    def sees_commit(self) -> Fault | None:
        """Return what goes wrong with a commit on its way there."""
        # Until one was applied, the store may just answer that it has to be told the script.
        return self._trigger(_Kind.HOLD) if self._knows_script else None

    def sees_applied(self) -> Fault | None:
        """Return what goes wrong with the answer to a commit."""
        self._knows_script = True
        return self._trigger(_Kind.DROP_CONNECTION, _Kind.NEVER_REPLY)

    def _trigger(self, *kinds: _Kind) -> Fault | None:
        fault = self._fault
        if fault is None or fault.kind not in kinds:
            return None
        self._fault = None
        fault.triggered = True
        return fault

    async def serve(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        """Forward a connection, with the fault that is to come."""
        await _Connection(self, near, to_near).run(self.target)


class _Connection:
    """One connection."""

    def __init__(self, proxy: RedisProxy, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        self._proxy, self._near, self._to_near = proxy, near, to_near
        self._held: Fault | None = None
        self._answered = asyncio.Event()

    async def run(self, port: int) -> None:
        far, to_far = await asyncio.open_connection(HOST, port)
        with closing(to_far):
            await until_one_ends(self._there(to_far), self._back(far))

    async def _there(self, to_far: asyncio.StreamWriter) -> None:
        while request := await self._near.read(CHUNK):
            if _COMMIT in request[:128] and (fault := self._proxy.sees_commit()):
                await fault.released.wait()
                self._held = fault
            to_far.write(request)
            await to_far.drain()
        if self._held is not None:
            await self._answered.wait()

    async def _back(self, far: asyncio.StreamReader) -> None:
        silent = False
        while reply := await far.read(CHUNK):
            self._proxy.replied += len(reply)
            if self._held is not None:
                self._held.answered(reply)
                self._held = None
                self._answered.set()
            if _APPLIED in reply and (fault := self._proxy.sees_applied()):
                if fault.kind is _Kind.DROP_CONNECTION:
                    return
                silent = True
            if not silent:
                self._to_near.write(reply)
                await self._to_near.drain()
