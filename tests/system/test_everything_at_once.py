"""The numbers depend only on the set of events: everything that can go wrong, in one run."""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from stream_app.catalog.events import EVENT_TYPES
from stream_app.core.envelope import CAUSES, event_type
from stream_app.demo.embedded_servers import Server
from tests.system.event_sets import MOMENTS, UNTIL, EventSet, RecordToSend, erasures, sent
from tests.system.expectations import assert_exact, assert_rejected
from tests.system.installation import Installation
from tests.system.processes import CommandProcess, eventually
from tests.system.redis_proxy import RedisProxy


def test_the_large_set_has_every_event_type_and_cause(large_set: EventSet) -> None:
    all_events = {event["type"] for event in [*large_set.events, *erasures(large_set)]}
    assert all_events == {event_type(kind) for kind in EVENT_TYPES}
    assert set(large_set.bad.values()) == set(CAUSES) - {"bug"}
    values = [record.value for record in large_set.records]
    copies = len(values) - len(set(values))
    assert 2000 < len(large_set.events) < 10_000
    assert copies * 100 >= len(large_set.events) * 8
    assert len(large_set.bad) * 100 >= len(values)
    assert max(event["time"] for event in large_set.events) <= UNTIL.isoformat()
    assert min(event["time"] for event in large_set.events) < (UNTIL - timedelta(days=180)).isoformat()


class Pair:
    """Two workers, each with a network of its own to the store, and what befalls them while records arrive.

    Every fault waits for the moment at which it does the most harm, so that it strikes in the middle of the work
    however fast the machine is.
    """

    def __init__(self, installation: Installation, near_one: RedisProxy, near_two: RedisProxy) -> None:
        self.installation = installation
        self._near_one, self._near_two = near_one, near_two
        self._one, self._two = self._start_one(), self._start_two()
        installation.await_shared(self._one, self._two)

    def work(self, records: Sequence[RecordToSend]) -> None:
        self.installation.produce(records)

    def one_dies_and_its_commit_arrives_after_its_death(self, records: Sequence[RecordToSend]) -> None:
        commit = self._near_one.hold()
        self.work(records)
        self._await(lambda: commit.triggered, "a commit is under way")
        self._one.kill()
        commit.release()
        self._one = self._start_one()
        self.installation.await_shared(self._one, self._two)

    def the_store_loses_everything_before_a_commit_arrives(self, records: Sequence[RecordToSend]) -> None:
        commit = self._near_one.hold()
        self.work(records)
        self._await(lambda: commit.triggered, "a commit is under way")
        self.installation.flush()
        commit.release()

    def the_answer_to_a_commit_is_lost(self, records: Sequence[RecordToSend]) -> None:
        answer = self._near_two.lose_reply()
        self.work(records)
        self._await(lambda: answer.triggered, "an answer is lost")

    def the_other_dies_between_its_commit_and_the_answer(self, records: Sequence[RecordToSend]) -> None:
        answer = self._near_two.never_reply()
        self.work(records)
        self._await(lambda: answer.triggered, "an answer is on its way")
        self._two.kill()
        self._two = self._start_two()
        self.installation.await_shared(self._one, self._two)

    def one_does_all_the_work_while_the_other_stands_still(self, records: Sequence[RecordToSend]) -> None:
        commit = self._near_two.hold()
        self.work(records)
        self._await(lambda: commit.triggered, "a commit is under way")
        self._two.suspend()
        self.installation.await_all_applied(self._one)
        assert b"applied" not in commit.release()
        self._two.resume()

    def the_one_that_stood_still_takes_part_again(self, records: Sequence[RecordToSend]) -> None:
        self.work(records)
        self.installation.await_shared(self._one, self._two)
        self.rest()

    def the_store_loses_everything_while_nothing_happens(self) -> None:
        self.installation.flush()
        self.rest()

    def rest(self) -> None:
        self.installation.await_all_applied(self._one, self._two)
        ends = self.installation.ends()
        self._await(lambda: self.installation.committed() == ends, "the group's offsets are the ends of the log")

    def stop(self) -> None:
        assert [self._one.stop(), self._two.stop()] == [0, 0]

    def _start_one(self) -> CommandProcess:
        return self.installation.worker(redis_url=self._near_one.url, batch_events="40")

    def _start_two(self) -> CommandProcess:
        return self.installation.worker(redis_url=self._near_two.url, batch_events="25")

    def _await(self, condition: Callable[[], bool], what: str) -> None:
        eventually(condition, what, self._one, self._two)


@pytest.mark.slow
def test_numbers_are_exact_after_every_kind_of_fault(
    crash_installation: Installation, crash_redis: Server, large_set: EventSet
) -> None:
    installation = crash_installation
    installation.create_topics(partitions=3)
    first, second, third, fourth, fifth, sixth, seventh = large_set.parts(7)
    erased = erasures(large_set)
    with RedisProxy(crash_redis.port) as near_one, RedisProxy(crash_redis.port) as near_two:
        pair = Pair(installation, near_one, near_two)
        pair.work(first)
        pair.one_dies_and_its_commit_arrives_after_its_death(second)
        pair.the_store_loses_everything_before_a_commit_arrives(third)
        pair.the_answer_to_a_commit_is_lost(fourth)
        pair.the_other_dies_between_its_commit_and_the_answer(fifth)
        pair.one_does_all_the_work_while_the_other_stands_still(sixth)
        pair.the_one_that_stood_still_takes_part_again(seventh)
        assert_exact(installation, large_set.events, UNTIL)
        pair.the_store_loses_everything_while_nothing_happens()
        assert_exact(installation, large_set.events, UNTIL)
        # Last of all, because what an erasure does depends on what came before it.
        pair.work([sent(event) for event in erased])
        pair.rest()
        pair.stop()

    assert_exact(installation, [*large_set.events, *erased], *MOMENTS)
    assert_rejected(installation, large_set)
    assert installation.ledger() == installation.committed() == installation.ends()
    assert "@" not in installation.logs
    assert not set(re.findall(r"[\w.:-]+", installation.logs)) & large_set.secrets
