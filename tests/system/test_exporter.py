"""What Prometheus gets: the samples, all of them, nothing else, and at the price of what has changed."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from stream_app.demo.embedded_servers import Server
from tests.servers.blackhole import Blackhole
from tests.servers.cluster import Cluster
from tests.system.event_sets import UNTIL, EventSet, sent
from tests.system.expectations import assert_exact
from tests.system.installation import Installation, Series, answer, port
from tests.system.redis_proxy import RedisProxy

AS_OF = UNTIL.isoformat()
NEW_LEADS = "lifecycle_new_leads"


@pytest.fixture(scope="module")
def filled(
    cluster: Cluster, redis_url: str, large_set: EventSet, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """Return an installation that has applied the large set."""
    with Installation(cluster, redis_url, "shown", tmp_path_factory.mktemp("shown")) as installation:
        installation.create_topics()
        installation.produce(large_set.records)
        installation.drain()
        yield installation


@pytest.fixture(scope="module")
def page(filled: Installation) -> str:
    """Return what its exporter serves."""
    return _scraped(filled)


def test_a_scrape_shows_what_kpis_shows(filled: Installation, page: str, large_set: EventSet) -> None:
    assert_exact(filled, large_set.events, UNTIL)
    assert _apart(_numbers(page), filled.kpis(UNTIL)) == []


def test_promtool_accepts_the_scrape(page: str) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not on the PATH; .ci/install-tools installs it")
    checked = subprocess.run(  # noqa: S603 - a program that was looked for
        [promtool, "check", "metrics"], input=page, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_a_scrape_says_that_the_store_hangs_before_it_is_given_up(
    cluster: Cluster, redis_url: str, namespace: str, tmp_path: Path
) -> None:
    """`answer` waits for ten seconds, as Prometheus does."""
    (tmp_path / "targets.toml").write_text('new_leads = {goal = 5000, period = "month"}')
    with (
        Blackhole(int(redis_url.rpartition(":")[2].partition("/")[0])) as network,
        Installation(cluster, f"redis://127.0.0.1:{network.port}/0", namespace, tmp_path) as installation,
    ):
        at = port()
        exporter = installation.start("exporter", exporter_port=at, targets_file=str(tmp_path / "targets.toml"))
        assert "\nstream_app_redis_up 1.0\n" in answer(at, "/metrics", exporter)
        network.swallow()
        assert "\nstream_app_redis_up 0.0\n" in answer(at, "/metrics", exporter)


def test_targets_are_scraped_where_a_file_says_some(filled: Installation, page: str, tmp_path: Path) -> None:
    assert "stream_app_target" not in page
    file = tmp_path / "targets.toml"
    file.write_text('new_leads = {goal = 5000, period = "month"}')
    at = port()
    exporter = filled.start("exporter", "--as-of", AS_OF, exporter_port=at, targets_file=str(file))
    found = _samples(answer(at, "/metrics", exporter, lambda page: "stream_app_target" in page.text))
    labels = frozenset({("tile", "new_leads"), ("period", "month"), ("currency", "")})
    assert found["stream_app_target", labels] == 5000
    of_month = [value for (name, own), value in found.items() if name == NEW_LEADS and ("window", "mtd") in own]
    assert found["stream_app_target_reached", labels] == sum(of_month) > 0


def test_a_scrape_holds_no_identifier(page: str, large_set: EventSet) -> None:
    assert "@" in str(large_set.events)
    assert "@" not in page
    values = {value for _, labels in _samples(page) for _, value in labels}
    assert len(values) > 50
    assert len(large_set.secrets) > 5000
    assert not values & large_set.secrets
    assert not set(re.findall(r"[\w.:-]+", page)) & large_set.secrets


@pytest.mark.slow
def test_the_exporter_survives_a_store_failure(
    crash_installation: Installation, crash_redis: Server, small_set: EventSet
) -> None:
    installation = crash_installation
    installation.create_topics()
    installation.produce(small_set.records)
    installation.drain()
    at = port()
    exporter = installation.start("exporter", "--as-of", AS_OF, exporter_port=at)
    before = _numbers(answer(at, "/metrics", exporter, _is_up))
    assert before
    crash_redis.kill()
    without = answer(at, "/metrics", exporter, lambda page: not _is_up(page))
    assert _samples(without)["stream_app_redis_up", frozenset()] == 0
    assert _numbers(without) == {}
    crash_redis.start()
    assert _apart(_numbers(answer(at, "/metrics", exporter, _is_up)), before) == []
    crash_redis.stop()
    assert exporter.stop() == 0


def test_a_scrape_reads_only_what_has_changed(
    installation: Installation, crash_redis: Server, large_set: EventSet
) -> None:
    store = f"redis://{crash_redis.address}/0"
    installation.create_topics()
    installation.produce(large_set.records)
    installation.drain(redis_url=store)
    new_lead = {"id": "one-more", "type": "lead.created", "time": AS_OF, "data": {"lead_id": "one-more"}}
    with RedisProxy(crash_redis.port) as near:
        at = port()
        exporter = installation.start("exporter", "--as-of", AS_OF, redis_url=near.url, exporter_port=at)

        def scraped() -> tuple[int, float]:
            before = near.replied
            samples = _samples(answer(at, "/metrics", exporter, _is_up))
            return near.replied - before, samples["lifecycle_leads_in_stage", frozenset({("funnel_stage", "lead")})]

        everything, leads = scraped()
        nothing, same = scraped()
        installation.produce([sent(new_lead)])
        installation.drain(redis_url=store)
        little, more = scraped()
    assert (same, more) == (leads, leads + 1)
    # One lead changes a bucket of each grain and the levels, of hundreds of buckets.
    assert nothing < little < everything / 10


def _scraped(installation: Installation) -> str:
    at = port()
    exporter = installation.start("exporter", "--as-of", AS_OF, exporter_port=at)
    page = answer(at, "/metrics", exporter, _is_up)
    assert exporter.stop() == 0
    return page


def _is_up(page: object) -> bool:
    return "\nstream_app_redis_up 1.0\n" in str(getattr(page, "text", ""))


def _samples(page: str) -> dict[Series, float]:
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
        for key, value in _samples(page).items()
        if key[0].startswith("lifecycle_") and key[0] != "lifecycle_metric_info"
    }
