"""All sources of the product behind one `stream-app gateway`: their answers, and every payload by HTTP to Kafka."""

import json
import re
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

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


def test_an_event_that_was_signed_by_the_standards_own_library_is_taken(made: Installation, tmp_path: Path) -> None:
    secret = f"whsec_{b64encode(bytes(range(24))).decode()}"
    (tmp_path / "events.secret").write_text(f"whsec_AAAA\n{secret}\n")
    (tmp_path / "sources.toml").write_text('[sources.events]\nsecret_file = "events.secret"\n')
    (tmp_path / "identity.key").write_bytes(KEY)
    gateway = Running(made, tmp_path, _GATEWAY).ready()
    data = {"spend_id": "s1", "amount_minor": 5, "currency": "EUR", "kind": "media"}
    event = {"id": "signed", "source": "/own", "type": "spend.recorded", "time": "2026-03-02T09:14:03Z"}
    body = json.dumps(event | {"data": data | {"period_start": "2026-03-01", "period_end": "2026-03-01"}})
    for now, status in ((datetime.now(UTC), 200), (datetime.now(UTC) - timedelta(minutes=6), 401)):
        headers = {
            "webhook-id": "msg-1",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign("msg-1", now, body),
        }
        assert gateway.send("POST", "/in/events", body.encode(), headers)[0] == status
    assert [json.loads(each.value or b"")["id"] for each in gateway.logged("spend")].count("signed") == 1
