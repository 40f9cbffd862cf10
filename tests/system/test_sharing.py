"""Workers may get into each other's way as much as they like."""

import pytest

from stream_app.demo.embedded_servers import Server
from tests.system.judgment import assert_exact
from tests.system.program import eventually
from tests.system.proxy import Proxy
from tests.system.site import Site, conflicts, port
from tests.system.story import UNTIL, Story, misdirected

pytestmark = pytest.mark.faults


def test_two_workers_that_both_hold_every_partition_count_nothing_twice(
    crash_site: Site, crash_redis: Server, short: Story
) -> None:
    site = crash_site
    site.create_topics()
    health = port()
    with Proxy(crash_redis.port) as near:
        slow = site.worker(redis_url=near.url, group=f"{site.namespace}.other", batch_events="30", worker_port=health)
        site.await_shared(slow)
        late = near.hold()
        site.produce(short.records)
        eventually(lambda: late.struck, "a commit is under way", slow)
        slow.freeze()
        other = site.worker(batch_events="70")
        site.await_all_applied(other)
        assert b"offset" in late.release()
        slow.thaw()
        eventually(lambda: conflicts(health)["offset"] >= 1, "the conflict is counted", slow)
        assert [slow.stop(), other.stop()] == [0, 0]
    assert site.ledger() == {source: end for source, end in site.ends().items() if end}
    assert_exact(site, short.events, UNTIL)


def test_leads_that_are_spread_over_partitions_and_workers_are_counted_once(
    crash_site: Site, crash_redis: Server, short: Story
) -> None:
    site = crash_site
    site.create_topics()
    health = port()
    with Proxy(crash_redis.port) as near:
        slow = site.worker(redis_url=near.url, batch_events="30", worker_port=health)
        other = site.worker(batch_events="70")
        site.await_shared(slow, other)
        late = near.hold()
        records = misdirected(short.records)
        site.produce(record for record in records if record.family == "lead")
        eventually(lambda: late.struck, "a commit is under way", slow, other)
        its = {source: end for source, end in site.ends().items() if end and source in other.partitions}
        eventually(lambda: its.items() <= site.ledger().items(), "the other one does its part", slow, other)
        assert b"version" in late.release()
        site.produce(record for record in records if record.family != "lead")
        site.await_all_applied(slow, other)
        eventually(lambda: conflicts(health)["version"] >= 1, "the conflict is counted", slow)
        assert [slow.stop(), other.stop()] == [0, 0]
    assert_exact(site, short.events, UNTIL)
