"""All sources of the product behind one `stream-app gateway`: their answers, and every payload by HTTP to Kafka."""

import json
import re
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from stream_app.catalog.events import TOPICS
from stream_app.sources import SOURCES
from tests.intake.running import Running
from tests.servers.cluster import Cluster
from tests.sources.payload import KEY, PAYLOADS, Payload
from tests.system.installation import Installation, get

_GATEWAY = (str(Path(sys.executable).with_name("stream-app")),)
_ADDRESS = re.compile(rb"[\w.+-]+@[\w-]+\.\w[\w.]*")


@pytest.fixture(scope="module")
def made(cluster: Cluster, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    directory = tmp_path_factory.mktemp("all-sources")
    with Installation(cluster, redis_url, "t-all-sources", directory) as installation:
        installation.create_topics()
        cluster.create(f"{installation.namespace}.inbox")
        yield installation


def running(installation: Installation, directory: Path, table: str) -> Running:
    """Return a gateway with every source, each set to the same."""
    (directory / "sources.toml").write_text(
        '[gateway]\npublic_url = "https://in.example.com"\n'
        + "".join(f"[sources.{name}]\n{table}\n" for name in SOURCES)
    )
    (directory / "identity.key").write_bytes(KEY)
    return Running(installation, directory, _GATEWAY).ready()


def test_who_is_not_believed_is_answered_as_the_vendor_expects(made: Installation, tmp_path: Path) -> None:
    gateway = running(made, tmp_path, 'secret_file = "plain.secret"')
    found = {name: gateway.send("POST", f"/in/{name}", b"{}")[0] for name in SOURCES}
    assert found == dict.fromkeys(SOURCES, 401) | {"postmark": 403, "mailgun": 406}
    assert {gateway.send("HEAD", f"/in/{name}")[0] for name in SOURCES} == {200}


def _can_be_posted(payload: Payload) -> bool:
    set_up = {"settings", "account_key"} & payload.case.keys()
    times = [datetime.fromisoformat(each["time"]).timestamp() for each in payload.expected_events]
    return payload.is_here and not set_up and max(times, default=0) < time.time()


def test_every_payload_comes_to_kafka_as_it_was_written_by_hand(made: Installation, tmp_path: Path) -> None:
    gateway = running(made, tmp_path, "unsigned = true")
    posted = [payload for payload in PAYLOADS if _can_be_posted(payload)]
    assert posted
    addresses: set[bytes] = set()
    for payload in posted:
        headers = dict(payload.request.headers)
        method = payload.case.get("method", "POST")
        path = payload.request.url.removeprefix("https://in.example.com")
        assert gateway.send(method, path, payload.body, headers)[0] == 200, payload
        addresses |= set(_ADDRESS.findall(payload.body))
    expected = [event for payload in posted for event in payload.expected_events]
    logged = [each.value or b"" for topic in TOPICS for each in gateway.logged(topic)]
    assert _canonical(map(json.loads, logged)) == _canonical(expected)
    metrics = get(gateway.metrics_at, "/metrics")
    assert metrics is not None
    shown = b"\n".join([*logged, metrics.text.encode(), gateway.process.said.encode()])
    assert [address for address in addresses if address in shown] == []


def _canonical(events: Any) -> list[str]:  # noqa: ANN401 - an iterable of JSON
    return sorted({json.dumps(each, sort_keys=True) for each in events})
