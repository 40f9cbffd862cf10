"""The numbers depend only on the set of events: everything that can go wrong, in one run."""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from stream_app.catalog.events import EVENT_TYPES
from stream_app.core.envelope import CAUSES, event_type
from stream_app.demo.embedded_servers import Server
from tests.system.judgment import assert_exact, assert_rejected
from tests.system.program import Program, eventually
from tests.system.proxy import Proxy
from tests.system.site import Site
from tests.system.story import MOMENTS, UNTIL, Sent, Story, erasures, sent


def test_the_story_tells_of_everything(long: Story) -> None:
    told = {event["type"] for event in [*long.events, *erasures(long)]}
    assert told == {event_type(kind) for kind in EVENT_TYPES}
    assert set(long.bad.values()) == set(CAUSES)
    values = [record.value for record in long.records]
    copies = len(values) - len(set(values))
    assert 2000 < len(long.events) < 10_000
    assert copies * 100 >= len(long.events) * 8
    assert len(long.bad) * 100 >= len(values)
    assert max(event["time"] for event in long.events) <= UNTIL.isoformat()
    assert min(event["time"] for event in long.events) < (UNTIL - timedelta(days=180)).isoformat()


class Pair:
    """Two workers, each with a network of its own to the store, and what befalls them while records arrive.

    Every fault waits for the moment at which it does the most harm, so that it strikes in the middle of the work
    however fast the machine is.
    """

    def __init__(self, site: Site, near_one: Proxy, near_two: Proxy) -> None:
        self.site = site
        self._near_one, self._near_two = near_one, near_two
        self._one, self._two = self._start_one(), self._start_two()
        site.await_shared(self._one, self._two)

    def work(self, records: Sequence[Sent]) -> None:
        self.site.produce(records)

    def one_dies_and_its_commit_arrives_after_its_death(self, records: Sequence[Sent]) -> None:
        commit = self._near_one.hold()
        self.work(records)
        self._await(lambda: commit.struck, "a commit is under way")
        self._one.kill()
        commit.release()
        self._one = self._start_one()
        self.site.await_shared(self._one, self._two)

    def the_store_loses_everything_before_a_commit_arrives(self, records: Sequence[Sent]) -> None:
        commit = self._near_one.hold()
        self.work(records)
        self._await(lambda: commit.struck, "a commit is under way")
        self.site.flush()
        commit.release()

    def the_answer_to_a_commit_is_lost(self, records: Sequence[Sent]) -> None:
        answer = self._near_two.lose_reply()
        self.work(records)
        self._await(lambda: answer.struck, "an answer is lost")

    def the_other_dies_between_its_commit_and_the_answer(self, records: Sequence[Sent]) -> None:
        answer = self._near_two.swallow_reply()
        self.work(records)
        self._await(lambda: answer.struck, "an answer is on its way")
        self._two.kill()
        self._two = self._start_two()
        self.site.await_shared(self._one, self._two)

    def one_does_all_the_work_while_the_other_stands_still(self, records: Sequence[Sent]) -> None:
        commit = self._near_two.hold()
        self.work(records)
        self._await(lambda: commit.struck, "a commit is under way")
        self._two.freeze()
        self.site.await_all_applied(self._one)
        assert b"applied" not in commit.release()
        self._two.thaw()

    def the_one_that_stood_still_takes_part_again(self, records: Sequence[Sent]) -> None:
        self.work(records)
        self.site.await_shared(self._one, self._two)
        self.rest()

    def the_store_loses_everything_while_nothing_happens(self) -> None:
        self.site.flush()
        self.rest()

    def rest(self) -> None:
        self.site.await_all_applied(self._one, self._two)
        ends = self.site.ends()
        self._await(lambda: self.site.committed() == ends, "the group's offsets are the ends of the log")

    def stop(self) -> None:
        assert [self._one.stop(), self._two.stop()] == [0, 0]

    def _start_one(self) -> Program:
        return self.site.worker(redis_url=self._near_one.url, batch_events="40")

    def _start_two(self) -> Program:
        return self.site.worker(redis_url=self._near_two.url, batch_events="25")

    def _await(self, condition: Callable[[], bool], what: str) -> None:
        eventually(condition, what, self._one, self._two)


@pytest.mark.faults
def test_whatever_goes_wrong_the_numbers_are_those_of_the_events(
    crash_site: Site, crash_redis: Server, long: Story
) -> None:
    site = crash_site
    site.create_topics(partitions=3)
    first, second, third, fourth, fifth, sixth, seventh = long.chapters(7)
    erased = erasures(long)
    with Proxy(crash_redis.port) as near_one, Proxy(crash_redis.port) as near_two:
        pair = Pair(site, near_one, near_two)
        pair.work(first)
        pair.one_dies_and_its_commit_arrives_after_its_death(second)
        pair.the_store_loses_everything_before_a_commit_arrives(third)
        pair.the_answer_to_a_commit_is_lost(fourth)
        pair.the_other_dies_between_its_commit_and_the_answer(fifth)
        pair.one_does_all_the_work_while_the_other_stands_still(sixth)
        pair.the_one_that_stood_still_takes_part_again(seventh)
        assert_exact(site, long.events, UNTIL)
        pair.the_store_loses_everything_while_nothing_happens()
        assert_exact(site, long.events, UNTIL)
        # Last of all, because what an erasure does depends on what came before it.
        pair.work([sent(event) for event in erased])
        pair.rest()
        pair.stop()

    assert_exact(site, [*long.events, *erased], *MOMENTS)
    assert_rejected(site, long)
    assert site.ledger() == site.committed() == site.ends()
    assert "@" not in site.logs
    assert not set(re.findall(r"[\w.:-]+", site.logs)) & long.secrets
