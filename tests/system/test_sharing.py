"""Workers may get into each other's way as much as they like."""

import pytest

from stream_app.demo.embedded_servers import Server
from tests.system.event_sets import UNTIL, EventSet, with_random_keys
from tests.system.expectations import assert_exact
from tests.system.installation import Installation, conflicts, port
from tests.system.processes import eventually
from tests.system.redis_proxy import RedisProxy

pytestmark = pytest.mark.slow


def test_two_workers_on_the_same_partitions_count_nothing_twice(
    crash_installation: Installation, crash_redis: Server, small_set: EventSet
) -> None:
    installation = crash_installation
    installation.create_topics()
    health = port()
    with RedisProxy(crash_redis.port) as near:
        slow = installation.worker(
            redis_url=near.url, group=f"{installation.namespace}.other", batch_events="30", worker_port=health
        )
        installation.await_shared(slow)
        late = near.hold()
        installation.produce(small_set.records)
        eventually(lambda: late.triggered, "a commit is under way", slow)
        slow.suspend()
        other = installation.worker(batch_events="70")
        installation.await_all_applied(other)
        assert b"offset" in late.release()
        slow.resume()
        eventually(lambda: conflicts(health)["offset"] >= 1, "the conflict is counted", slow)
        assert [slow.stop(), other.stop()] == [0, 0]
    assert installation.ledger() == {source: end for source, end in installation.ends().items() if end}
    assert_exact(installation, small_set.events, UNTIL)


def test_leads_with_events_in_several_partitions_are_counted_once(
    crash_installation: Installation, crash_redis: Server, small_set: EventSet
) -> None:
    installation = crash_installation
    installation.create_topics()
    health = port()
    with RedisProxy(crash_redis.port) as near:
        slow = installation.worker(redis_url=near.url, batch_events="30", worker_port=health)
        other = installation.worker(batch_events="70")
        installation.await_shared(slow, other)
        late = near.hold()
        records = with_random_keys(small_set.records)
        installation.produce(record for record in records if record.family == "lead")
        eventually(lambda: late.triggered, "a commit is under way", slow, other)
        its = {source: end for source, end in installation.ends().items() if end and source in other.partitions}
        eventually(lambda: its.items() <= installation.ledger().items(), "the other one does its part", slow, other)
        assert b"version" in late.release()
        installation.produce(record for record in records if record.family != "lead")
        installation.await_all_applied(slow, other)
        eventually(lambda: conflicts(health)["version"] >= 1, "the conflict is counted", slow)
        assert [slow.stop(), other.stop()] == [0, 0]
    assert_exact(installation, small_set.events, UNTIL)
