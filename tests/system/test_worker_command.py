"""How the command `worker` begins and ends."""

from stream_app.demo.embedded_servers import Server
from tests.system.judgment import assert_exact
from tests.system.program import eventually
from tests.system.proxy import Proxy
from tests.system.site import Site
from tests.system.story import UNTIL, Story


def test_a_worker_with_other_definitions_does_not_touch_the_numbers(site: Site, short: Story) -> None:
    first, second = short.chapters(2)
    site.create_topics()
    site.produce(first)
    site.drain()
    stood = site.ledger()
    site.produce(second)
    stranger = site.worker(timezone="Asia/Tokyo")
    assert stranger.ended() == 5
    assert "stream-app rebuild" in stranger.said
    assert site.ledger() == stood
    site.drain()
    assert_exact(site, short.events, UNTIL)


def test_a_worker_that_is_asked_to_end_finishes_its_batch_and_leaves_the_group_where_the_ledger_is(
    crash_site: Site, crash_redis: Server, short: Story
) -> None:
    site = crash_site
    site.create_topics()
    with Proxy(crash_redis.port) as near:
        worker = site.worker(redis_url=near.url, batch_events="20")
        site.await_shared(worker)
        last = near.hold()
        site.produce(short.records)
        eventually(lambda: last.struck, "a commit is under way", worker)
        before = site.applied()
        worker.ask_to_end()
        assert b"applied" in last.release()
        assert worker.ended() == 0
    applied = site.ledger()
    assert before < sum(applied.values()) < len(short.records)
    assert {source: offset for source, offset in site.committed().items() if offset} == applied
    site.drain()
    assert_exact(site, short.events, UNTIL)


def test_workers_that_drain_together_all_end_and_leave_no_lag(site: Site, short: Story) -> None:
    site.create_topics()
    site.produce(short.records)
    workers = [site.worker("--drain", batch_events="100") for _ in range(2)]
    assert [worker.ended() for worker in workers] == [0, 0]
    ends = {source: end for source, end in site.ends().items() if end}
    assert site.ledger() == ends
    assert {source: offset for source, offset in site.committed().items() if offset} == ends
    assert_exact(site, short.events, UNTIL)
