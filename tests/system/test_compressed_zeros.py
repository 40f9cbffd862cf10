"""Batches that are small in the log and huge when decompressed: whoever reads the log is spared their memory."""

import asyncio
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from tests.system.installation import Installation
from tests.system.processes import CommandProcess

AS_OF = datetime(2026, 11, 20, 12, tzinfo=UTC)
HUGE_BYTES = 300_000_000
MEMORY_BYTES = 500_000_000
LEADS = frozenset({("funnel_stage", "lead")})


def _lead(number: int) -> bytes:
    time, data = "2026-11-20T09:00:00Z", {"lead_id": f"l{number}"}
    event = {"specversion": "1.0", "id": f"e{number}", "source": "/t", "type": "lead.created", "time": time}
    return json.dumps(event | {"data": data}).encode()


async def _produce(installation: Installation, batches: Sequence[Sequence[bytes]]) -> None:
    """Write each of these as a compressed batch of its own."""
    async with AIOKafkaProducer(
        bootstrap_servers=installation.cluster.address,
        compression_type="zstd",
        max_request_size=2 * HUGE_BYTES,
        max_batch_size=2 * HUGE_BYTES,
    ) as producer:
        for values in batches:
            batch = producer.create_batch()
            for value in values:
                batch.append(timestamp=None, key=b"k", value=value)
            await (await producer.send_batch(batch, f"{installation.namespace}.lead", partition=0))


def _memory_of(program: CommandProcess) -> int:
    """The most memory that a program has taken until it ended, in bytes."""
    most = 0
    while program.code is None:
        status = Path(f"/proc/{program.id}/status").read_text("ascii").splitlines()
        # A process that has ended and was not waited for yet has no such line.
        most = next((int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM")), most)
        time.sleep(0.01)
    return most


@pytest.mark.slow
def test_batches_of_zeros_are_dead_letters_and_take_no_memory(installation: Installation) -> None:
    # Field report: three of these took a worker to 1.3 GB and the audit to 3.9 GB.
    zeros = [bytes(HUGE_BYTES)]
    installation.create_topics(partitions=1)
    batches = [[_lead(0), _lead(1)], zeros, zeros, [_lead(2)], zeros, [_lead(3), _lead(0)]]
    asyncio.run(_produce(installation, batches))
    worker = installation.worker("--drain")
    assert _memory_of(worker) < MEMORY_BYTES
    assert worker.ended() == 0
    causes = sorted((each.offset, each.cause, each.value) for each in installation.dead_letters())
    assert causes == [(2, "too_large", b""), (3, "too_large", b""), (5, "too_large", b"")]
    audit = installation.start("audit", "--as-of", AS_OF.isoformat())
    assert _memory_of(audit) < MEMORY_BYTES
    assert audit.ended() == 0
    assert installation.kpis(AS_OF)["lifecycle_leads_in_stage", LEADS] == 4


@pytest.mark.slow
def test_a_refused_batch_counts_after_a_rebuild_with_a_higher_limit(installation: Installation) -> None:
    installation.create_topics(partitions=1)
    many = 10_000
    asyncio.run(_produce(installation, [[_lead(number) for number in range(many)], [_lead(many)]]))
    limit = str(1024 * 1024)
    assert installation.drain(max_batch_bytes=limit)["rejected"] == 1
    assert installation.kpis(AS_OF)["lifecycle_leads_in_stage", LEADS] == 1
    as_of = ("--as-of", AS_OF.isoformat())
    assert installation.try_run("audit", *as_of, max_batch_bytes=limit)[0] == 0
    assert installation.try_run("audit", *as_of)[0] == 1
    installation.run("rebuild")
    assert installation.kpis(AS_OF)["lifecycle_leads_in_stage", LEADS] == many + 1
    assert installation.try_run("audit", *as_of)[0] == 0
