"""What small brokers get wrong does not stop a worker."""

import asyncio

from tests.servers.cluster import Cluster
from tests.worker.workers import MemoryLedger, eventually, on_a_loop, settings, working


@on_a_loop
async def test_an_end_offset_listed_too_low_is_not_a_recreated_topic(tansu: str, namespace: str) -> None:
    cluster = Cluster(tansu)
    await asyncio.to_thread(cluster.create, namespace)
    await asyncio.to_thread(cluster.produce, namespace, [b"first"] * 26)
    await asyncio.to_thread(cluster.produce, namespace, [b"second"] * 4)
    ledger = MemoryLedger({(namespace, 0): 30})
    async with working(settings(tansu, namespace, namespace), ledger):
        await asyncio.to_thread(cluster.produce, namespace, [b"third"])
        await eventually(lambda: ledger.values == [b"third"])
