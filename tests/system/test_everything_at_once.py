"""The numbers depend only on the set of events: everything that can go wrong, in one run."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from stream_app.catalog.events import EVENT_TYPES
from stream_app.core.envelope import CAUSES, event_type
from tests.system.judgement import assert_exact, assert_rejected
from tests.system.program import eventually
from tests.system.proxy import Proxy
from tests.system.story import MOMENTS, UNTIL, erasures, sent

if TYPE_CHECKING:
    from stream_app.runtime.servers import Server
    from tests.system.program import Program
    from tests.system.site import Site
    from tests.system.story import Story


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


@pytest.mark.faults
def test_whatever_goes_wrong_the_numbers_are_those_of_the_events(
    crash_site: Site, crash_redis: Server, long: Story
) -> None:
    site = crash_site
    site.create_topics(partitions=3)
    first, second, third, fourth, fifth, sixth, seventh = long.chapters(7)
    with Proxy(crash_redis.port) as near_one, Proxy(crash_redis.port) as near_two:

        def one() -> Program:
            return site.worker(redis_url=near_one.url, batch_events="40")

        def two() -> Program:
            return site.worker(redis_url=near_two.url, batch_events="25")

        a, b = one(), two()
        site.await_shared(a, b)
        site.produce(first)

        # A worker dies with a commit under way, which arrives after its death.
        dying = near_one.hold()
        site.produce(second)
        eventually(lambda: dying.struck, "a commit is under way", a, b)
        a.kill()
        dying.release()
        a = one()
        site.await_shared(a, b)

        # The store loses everything between two commits.
        interrupted = near_one.hold()
        site.produce(third)
        eventually(lambda: interrupted.struck, "a commit is under way", a, b)
        site.flush()
        interrupted.release()

        # The answer to a commit gets lost on its way.
        lost = near_two.lose_reply()
        site.produce(fourth)
        eventually(lambda: lost.struck, "an answer is lost", a, b)

        # The other worker dies between the commit and the answer.
        unheard = near_two.swallow_reply()
        site.produce(fifth)
        eventually(lambda: unheard.struck, "an answer is on its way", a, b)
        b.kill()
        b = two()
        site.await_shared(a, b)

        # A worker is stopped with a commit under way, which arrives after others have done the work.
        late = near_two.hold()
        site.produce(sixth)
        eventually(lambda: late.struck, "a commit is under way", a, b)
        b.freeze()
        site.await_all_applied(a)
        assert b"applied" not in late.release()
        b.thaw()
        site.produce(seventh)
        site.await_shared(a, b)
        site.await_all_applied(a, b)
        assert_exact(site, long.events, UNTIL)

        # The store loses everything while nothing happens.
        site.flush()
        site.await_all_applied(a, b)

        # Last of all, because what an erasure does depends on what came before it.
        erased = erasures(long)
        site.produce(map(sent, erased))
        site.await_all_applied(a, b)
        eventually(lambda: site.committed() == site.ends(), "the group's offsets reach the ends", a, b)
        assert [a.stop(), b.stop()] == [0, 0]

    assert_exact(site, [*long.events, *erased], *MOMENTS)
    assert_rejected(site, long)
    assert site.ledger() == site.committed() == site.ends()
    assert "@" not in site.logs
    assert not set(re.findall(r"[\w.:-]+", site.logs)) & long.secrets
