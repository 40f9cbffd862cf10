"""What can be seen of a worker at one moment, and the log lines about what changes of it."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stream_app.worker.aiokafka_adapter import Group
from stream_app.worker.leader_answers import Unanswered
from stream_app.worker.watchdog import KILLED_MEMBER

__all__ = ["ANSWER_LIMIT_S", "State", "StateLog"]

log = logging.getLogger(__name__)

ANSWER_LIMIT_S = 7.0
"""How long a broker may owe an answer: a fetch is answered within a quarter of a second, an election takes some."""


@dataclass(frozen=True, slots=True)
class State:
    """What can be seen of a worker at one moment."""

    assigned: frozenset[tuple[str, int]]
    #: Where the next batch begins, of every assigned partition that is being read.
    positions: Mapping[tuple[str, int], int]
    #: The end of what can be read, where known.
    ends: Mapping[tuple[str, int], int]
    #: Offsets between position and end, summed per topic of `assigned`; None if a leader of it does not answer.
    lag: Mapping[str, int | None]
    #: When the leader of each partition without records to apply last answered, in seconds since the epoch.
    answered: Mapping[tuple[str, int], float]
    #: Partitions whose leader does not answer.
    unanswered: Mapping[tuple[str, int], Unanswered]
    #: Topics that do not exist; they are read once they do.
    missing: frozenset[str]
    paused: frozenset[str]
    #: Partitions that cannot be read, and why.
    unreadable: Mapping[tuple[str, int], str]
    #: What Kafka refuses this worker, each with its remedy: membership in the group, topics.
    refused: Sequence[str]
    group: Group
    rebalancing: bool
    #: How long the worker has waited for a rebalance to end, or to join the group, in seconds; 0 if it does not.
    rebalancing_s: float
    #: When a batch was last applied, in seconds of the monotonic clock.
    applied_at: float | None

    @property
    def connected(self) -> bool:
        """Whether the worker is a member of its group and the group's broker answers."""
        return self.has_coordinator and self.group.generation >= 0

    @property
    def has_coordinator(self) -> bool:
        """Whether the group's broker is known and answers."""
        return self.group.coordinator and self.group.unanswered < ANSWER_LIMIT_S

    @property
    def readable_lag(self) -> int:
        """Offsets between position and end of the partitions that can be read now."""
        return sum(
            max(0, end - self.positions.get(source, 0))
            for source, end in self.ends.items()
            if source[0] not in self.paused and source not in self.unreadable and source not in self.unanswered
        )


class StateLog:
    """Logs once what a worker begins to wait for, and when that is over. To be shown its states in turn."""

    def __init__(self, group: str, rebalance_limit_s: float) -> None:
        """`group` is the name of the consumer group; a rebalance that takes longer than the limit is stuck."""
        self._group, self._rebalance_limit_s = group, rebalance_limit_s
        self._unanswered: Mapping[tuple[str, int], Unanswered] = {}
        self._refused: Sequence[str] = ()
        self._is_stuck = False

    def note(self, state: State) -> None:
        """Log how a state differs from the one before."""
        self._note_answers(state.unanswered)
        self._note_refusals(state.refused)
        is_stuck = state.rebalancing_s >= self._rebalance_limit_s and not state.refused and state.group.coordinator
        if is_stuck and not self._is_stuck:
            log.warning(
                "the group %s has been rebalancing for %.0f s. %s", self._group, state.rebalancing_s, KILLED_MEMBER
            )
        self._is_stuck = is_stuck or (self._is_stuck and state.rebalancing_s >= self._rebalance_limit_s)

    def _note_answers(self, unanswered: Mapping[tuple[str, int], Unanswered]) -> None:
        for (topic, number), each in unanswered.items():
            if (topic, number) not in self._unanswered:
                log.warning("%s[%d]: %s; its records wait, nothing is lost", topic, number, each)
        for topic, number in sorted(self._unanswered.keys() - unanswered.keys()):
            log.info("%s[%d]: its leader answers again", topic, number)
        self._unanswered = unanswered

    def _note_refusals(self, refused: Sequence[str]) -> None:
        for each in refused:
            if each not in self._refused:
                log.error("waiting, nothing is lost: %s", each)
        if self._refused and not refused:
            log.info("Kafka refuses nothing any more")
        self._refused = refused
