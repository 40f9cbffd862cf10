"""A network between clients and a server in which packets may vanish while connections stay open."""

import asyncio
from contextlib import closing

from tests.servers.network import CHUNK, HOST, Network, until_one_ends


class Blackhole(Network):
    """Forwards connections until it is to swallow everything."""

    _swallows = False

    def swallow(self) -> None:
        """From now on let nothing through and close nothing; new connections are taken and never answered."""
        self._swallows = True

    def restore(self) -> None:
        """Let everything through again. What was swallowed stays lost."""
        self._swallows = False

    async def serve(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        """Forward a connection, or swallow what comes."""
        if self._swallows:
            await self._forward(near, None)
            return
        far, to_far = await asyncio.open_connection(HOST, self.target)
        with closing(to_far):
            await until_one_ends(self._forward(near, to_far), self._forward(far, to_near))

    async def _forward(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter | None) -> None:
        while data := await source.read(CHUNK):
            if sink is not None and not self._swallows:
                sink.write(data)
                await sink.drain()
