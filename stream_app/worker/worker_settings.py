"""How a worker reads."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from faust.types.auth import CredentialsT


@dataclass(frozen=True, kw_only=True)
class WorkerSettings:
    """How a worker reads. Times are in seconds."""

    #: `host:port` of some brokers, comma-separated.
    brokers: str
    group: str
    topics: Sequence[str]
    #: Topics of which one worker is to read the partitions of one number, because they are about the same entities.
    together: Sequence[Collection[str]] = ()
    #: Topics that must exist as well, because they are written to.
    written_topics: Sequence[str] = ()
    credentials: CredentialsT | None = None
    client_id: str = "stream-app"
    #: A name of this member alone that outlasts its restart, which then costs no rebalance; it leaves by timeout only.
    instance_id: str | None = None
    #: Most records in a batch.
    max_events: int = 16_000
    #: Most bytes that one fetch asks for of one partition.
    fetch_bytes: int = 4_194_304
    #: Most bytes that a batch of the log may decompress to; a larger one is handed over as a RefusedBatch.
    max_batch_bytes: int = 32 * 1024 * 1024
    #: Batches in the buffer, at most.
    buffered_batches: int = 4
    session_timeout: float = 30.0
    heartbeat_interval: float = 3.0
    rebalance_timeout: float = 30.0
    #: How long a broker may take before its connection is made anew; longer than the rebalance timeout.
    request_timeout: float = 40.0
    commit_interval: float = 2.8
    #: How long a change of the topics (created, more partitions) may go unnoticed.
    metadata_max_age: float = 30.0
    watch_interval: float = 5.0
    #: After what pause partitions that cannot be read are tried again.
    unreadable_retry: float = 15.0
    #: How long nothing may be applied before the process ends; longer than the rebalance timeout.
    stall_timeout: float = 120.0
    #: How long a batch that is being applied, and then the broker, may hold up the end of the process.
    grace: float = 10.0
