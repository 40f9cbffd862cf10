"""What Prometheus gets: the samples, all of them, nothing else, and at the price of what has changed."""

import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from stream_app.demo.embedded_servers import Server
from tests.servers.cluster import Cluster
from tests.system.judgment import assert_exact
from tests.system.proxy import Proxy
from tests.system.site import Series, Site, answer, port
from tests.system.story import UNTIL, Story, sent

AS_OF = UNTIL.isoformat()


@pytest.fixture(scope="module")
def filled(cluster: Cluster, redis_url: str, long: Story, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a site that has applied a story."""
    with Site(cluster, redis_url, "shown", tmp_path_factory.mktemp("shown")) as site:
        site.create_topics()
        site.produce(long.records)
        site.drain()
        yield site


@pytest.fixture(scope="module")
def page(filled: Site) -> str:
    """Return what its exporter serves."""
    return _scraped(filled)


def test_a_scrape_shows_what_kpis_shows(filled: Site, page: str, long: Story) -> None:
    assert_exact(filled, long.events, UNTIL)
    assert _apart(_numbers(page), filled.kpis(UNTIL)) == []


def test_promtool_finds_nothing_to_complain_about(page: str) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not on the PATH; .ci/install-tools installs it")
    checked = subprocess.run(  # noqa: S603 - a program that was looked for
        [promtool, "check", "metrics"], input=page, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_nobody_can_be_recognized_in_a_scrape(page: str, long: Story) -> None:
    assert "@" in str(long.events)
    assert "@" not in page
    values = {value for _, labels in _readings(page) for _, value in labels}
    assert len(values) > 50
    assert len(long.secrets) > 5000
    assert not values & long.secrets
    assert not set(re.findall(r"[\w.:-]+", page)) & long.secrets


@pytest.mark.faults
def test_the_exporter_outlives_its_store(crash_site: Site, crash_redis: Server, short: Story) -> None:
    site = crash_site
    site.create_topics()
    site.produce(short.records)
    site.drain()
    at = port()
    exporter = site.start("exporter", "--as-of", AS_OF, exporter_port=at)
    before = _numbers(answer(at, "/metrics", exporter, _is_up))
    assert before
    crash_redis.kill()
    without = answer(at, "/metrics", exporter, lambda page: not _is_up(page))
    assert _readings(without)["stream_app_redis_up", frozenset()] == 0
    assert _numbers(without) == {}
    crash_redis.start()
    assert _apart(_numbers(answer(at, "/metrics", exporter, _is_up)), before) == []
    crash_redis.stop()
    assert exporter.stop() == 0


def test_a_scrape_costs_what_has_changed_and_not_what_there_is(site: Site, crash_redis: Server, long: Story) -> None:
    store = f"redis://{crash_redis.address}/0"
    site.create_topics()
    site.produce(long.records)
    site.drain(redis_url=store)
    new_lead = {"id": "one-more", "type": "lead.created", "time": AS_OF, "data": {"lead_id": "one-more"}}
    with Proxy(crash_redis.port) as near:
        at = port()
        exporter = site.start("exporter", "--as-of", AS_OF, redis_url=near.url, exporter_port=at)

        def scraped() -> tuple[int, float]:
            before = near.replied
            samples = _readings(answer(at, "/metrics", exporter, _is_up))
            return near.replied - before, samples["lifecycle_leads_in_stage", frozenset({("funnel_stage", "lead")})]

        everything, leads = scraped()
        nothing, same = scraped()
        site.produce([sent(new_lead)])
        site.drain(redis_url=store)
        little, more = scraped()
    assert (same, more) == (leads, leads + 1)
    # One lead changes a bucket of each grain and the levels, of hundreds of buckets.
    assert nothing < little < everything / 10


def _scraped(site: Site) -> str:
    at = port()
    exporter = site.start("exporter", "--as-of", AS_OF, exporter_port=at)
    page = answer(at, "/metrics", exporter, _is_up)
    assert exporter.stop() == 0
    return page


def _is_up(page: object) -> bool:
    return "\nstream_app_redis_up 1.0\n" in str(getattr(page, "text", ""))


def _readings(page: str) -> dict[Series, float]:
    found = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    samples = {(sample.name, frozenset(sample.labels.items())): sample.value for sample in found}
    assert len(samples) == len(found)
    return samples


def _apart(one: dict[Series, float], other: dict[Series, float]) -> list[Series]:
    # pytest takes minutes to draw the difference of thousands of numbers.
    return sorted(
        (key for key in one.keys() | other.keys() if one.get(key) != other.get(key)),
        key=lambda key: (key[0], str(key[1])),
    )


def _numbers(page: str) -> dict[Series, float]:
    return {
        key: value
        for key, value in _readings(page).items()
        if key[0].startswith("lifecycle_") and key[0] != "lifecycle_metric_info"
    }
