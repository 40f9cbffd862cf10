"""The wall in a real browser before the first event, after it, and while the store hangs."""

import os
from pathlib import Path

from tests.monitoring.dashboards.browser import Element, needs_chromium, opened, photograph
from tests.servers.blackhole import Blackhole
from tests.servers.cluster import Cluster
from tests.system.installation import Installation, answer, port

pytestmark = needs_chromium


def _seen(at: str, name: str, after_ms: int = 2000) -> Element:
    """The page; also a picture, where a directory for pictures is set."""
    url = f"http://127.0.0.1:{at}/"
    if directory := os.environ.get("WALL_PICTURES"):
        photograph(url, Path(directory) / f"{name}.png")
    return opened(url, after_ms=after_ms)


def _tile(page: Element, title: str) -> str:
    (found,) = (each.text for each in page.all("section") if each.one("h2").text.startswith(title))
    return found


def test_the_wall_from_an_empty_installation_to_the_first_event(installation: Installation) -> None:
    installation.create_topics()
    at = port()
    exporter = installation.start("exporter", exporter_port=at)
    answer(at, "/wall.json", exporter)
    fresh = _seen(at, "fresh")
    assert fresh.one(id="state").text == "■ DATA AGE UNKNOWN: no worker has reported"
    assert "STALE" not in fresh.text
    assert "All well" not in fresh.text

    worker = installation.worker()
    answer(at, "/wall.json", exporter, lambda page: '"waiting":true' in page.text)
    waiting = _seen(at, "waiting")
    state = waiting.one(id="state").text
    assert state.startswith("● Kafka ok, store ok, worker ok, waiting for the first event")
    assert waiting.one("body").kinds == set()
    assert "STALE" not in waiting.text
    assert "All well" not in waiting.text
    assert "No nurture step is blocked" not in waiting.text
    assert "No data yet" in _tile(waiting, "Reopened leads")

    assert waiting.one(id="first").text.startswith("send one: ")
    code, printed = installation.run_line(waiting.one(id="first").one("code").text)
    assert code == 0, printed
    installation.await_all_applied(worker)
    answer(at, "/wall.json", exporter, lambda page: '"waiting":false' in page.text)
    begun = _seen(at, "fresh-data")
    assert begun.one(id="state").text.startswith("● All well")
    assert "hidden" in begun.one(id="first").attributes
    assert "New leads 24 h 1" in _tile(begun, "New leads")
    assert "Reopened leads 24 h 0" in _tile(begun, "Reopened leads")
    assert "No data yet" in _tile(begun, "New customers")


def test_a_store_that_hangs_is_blamed_and_not_the_exporter(
    cluster: Cluster, redis_url: str, namespace: str, tmp_path: Path
) -> None:
    with (
        Blackhole(int(redis_url.rpartition(":")[2].partition("/")[0])) as network,
        Installation(cluster, f"redis://127.0.0.1:{network.port}/0", namespace, tmp_path) as installation,
    ):
        at = port()
        exporter = installation.start("exporter", exporter_port=at)
        answer(at, "/wall.json", exporter, lambda page: "panels" in page.text)
        network.swallow()
        answer(at, "/wall.json", exporter, lambda page: "problem" in page.text)
        assert _seen(at, "redis-hanging").one(id="state").text == "■ The store does not answer."
