"""Which partitions are asked for records without an answer: pure state, without Kafka and without a clock."""

from collections.abc import Mapping
from dataclasses import dataclass

from stream_app.worker.positions import Partition

__all__ = ["LeaderAnswers", "Requested", "Unanswered"]


@dataclass(frozen=True, slots=True)
class Requested:
    """A partition that is being asked for records.

    `broker` is its leader as `id at host:port`. `answered` is when that last answered, in seconds since the epoch; None
    if it never did.
    """

    broker: str
    answered: float | None


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A partition whose leader, `broker`, has not answered for so many seconds."""

    broker: str
    seconds: float

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"{self.broker} has not answered for {self.seconds:.0f} s"


class LeaderAnswers:
    """Tells how long each partition's leader has owed an answer. To be shown what is asked about once a second."""

    def __init__(self, limit: float) -> None:
        """`limit` is how many seconds a leader may take to answer."""
        self._limit = limit
        self._since: dict[Partition, tuple[float | None, float]] = {}

    def observe(self, now: float, requested: Mapping[Partition, Requested]) -> dict[Partition, Unanswered]:
        """Take what is asked at `now`, in seconds of any one clock, and return what has waited for too long.

        A partition that is not asked, because it is paused or its records wait to be applied, owes nothing.
        """
        before = self._since
        self._since = {}
        for partition, question in requested.items():
            answered, since = before.get(partition, (question.answered, now))
            self._since[partition] = (question.answered, since if answered == question.answered else now)
        return {
            partition: Unanswered(requested[partition].broker, now - since)
            for partition, (_, since) in self._since.items()
            if now - since >= self._limit
        }
