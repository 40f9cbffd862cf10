"""What a gateway process answers, and what Kafka holds then, on real servers."""

import asyncio
import json
import socket
import time
from base64 import b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest

from stream_app.intake.identity_key import create_identity_key
from tests.intake.declared import ADDRESS, SECRET, created, signed
from tests.intake.running import Running
from tests.system.installation import Installation, get
from tests.system.processes import eventually


def test_a_2xx_means_that_kafka_has_event_and_item(gateway: Running) -> None:
    items = [created(1), {"do": "ignore"}, {"do": "raise", "email": ADDRESS}, created(2)]
    assert gateway.post(*items)[0] == 200
    assert sorted(json.loads(each.value)["id"] for each in gateway.logged("lead")) == ["e1", "e2"]
    assert {each.key for each in gateway.logged("lead")} == {b"l1", b"l2"}
    kept = gateway.logged("inbox")
    assert sorted(each.value for each in kept) == sorted(json.dumps(each).encode() for each in items)
    assert sorted((each["outcome"], each["reason"]) for each in gateway.inbox()) == [
        ("ignored", "none_of_ours"),
        ("mapped", ""),
        ("mapped", ""),
        ("parked", "bug: ValueError"),
    ]
    assert all(each["source"] == "plain" and each["item"] and int(each["received"]) > 0 for each in gateway.inbox())
    assert {each.key for each in kept} == {f"plain:{each['item']}".encode() for each in gateway.inbox()}


@pytest.mark.parametrize(("inbox", "kept"), [("parked", ["parked"]), ("none", [])])
def test_the_inbox_keeps_what_it_is_set_to(
    installation: Installation, tmp_path: Path, inbox: str, kept: list[str]
) -> None:
    text = f'[gateway]\ninbox = "{inbox}"\n[sources.plain]\nsecret_file = "plain.secret"\n'
    (tmp_path / "sources.toml").write_text(text)
    gateway = Running(installation, tmp_path).ready()
    assert gateway.post(created(1), {"do": "ignore"}, {"do": "stage", "stage": "?", "lead": "l"})[0] == 200
    assert [each["outcome"] for each in gateway.inbox()] == kept
    assert len(gateway.logged("lead")) == 1


def test_content_is_never_answered_with_4xx(gateway: Running) -> None:
    for body in (b"", b"\xff\xfe\xfd", b"{", b'["\xc3"]', b"[" * 10_000, b'[{"event":1e999}]', b"[null, 17, {}]"):
        assert gateway.send("POST", "/in/plain", body, signed(body))[0] == 200
    assert {each["outcome"] for each in gateway.inbox()} == {"parked"}
    assert len(gateway.inbox()) == 9
    assert gateway.logged("lead") == []


def test_what_is_refused_and_how(gateway: Running) -> None:
    body = json.dumps([created(1)]).encode()
    large = b"[" + b" " * (1024 * 1024) + b"]"
    many = json.dumps([{"do": "ignore"}] * 1001).encode()
    zipped = {"Content-Encoding": "gzip"}

    def post(body: bytes | Iterable[bytes], headers: Mapping[str, str], path: str = "/in/plain") -> int:
        return gateway.send("POST", path, body, headers)[0]

    assert post(body, signed(body, "the next one")) == 200
    assert post(body, {}) == 401
    assert post(body, signed(body, "wrong")) == 401
    assert post(body + b" ", signed(body)) == 401
    assert post(body, signed(body) | zipped) == 415
    assert post(large, signed(large)) == 413
    assert post([b" " * 65_536] * 100, signed(b"")) == 413
    assert post(many, signed(many)) == 413
    assert [post(body, signed(body), path) for path in ("/in/other", "/in/plain/a/b", "/", "/in/")] == ([404] * 4)
    assert [gateway.send(method, "/in/plain")[0] for method in ("GET", "HEAD", "PUT")] == [200, 200, 405]
    samples = gateway.samples()
    requests = {key[1]: value for key, value in samples.items() if key[0] == "stream_app_source_requests_total"}
    assert requests == {
        ("plain", "200"): 3,
        ("plain", "401"): 3,
        ("plain", "405"): 1,
        ("plain", "413"): 3,
        ("plain", "415"): 1,
        ("none", "404"): 4,
    }
    assert len(gateway.logged("lead")) == 1


def test_three_hundred_requests_at_once_lose_nothing(gateway: Running) -> None:
    async def all_at_once() -> list[int]:
        async def one(session: aiohttp.ClientSession, number: int) -> int:
            body = json.dumps([created(number)]).encode()
            url = f"http://127.0.0.1:{gateway.at}/in/plain"
            while True:
                async with session.post(url, data=body, headers=signed(body)) as response:
                    if response.status != 503:
                        return response.status
                    assert response.headers["Retry-After"] == "30"

        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:
            return await asyncio.gather(*(one(session, number) for number in range(300)))

    assert set(asyncio.run(all_at_once())) == {200}
    assert {json.loads(each.value)["id"] for each in gateway.logged("lead")} == {f"e{number}" for number in range(300)}
    assert gateway.samples()["stream_app_gateway_in_flight", ()] == 0


def test_nothing_of_a_request_is_in_log_or_metrics(gateway: Running) -> None:
    body = json.dumps([{"do": "raise", "email": ADDRESS}, {"event": {"type": ADDRESS, ADDRESS: 1}}]).encode()
    headers = signed(body) | {"X-Customer": ADDRESS, "User-Agent": ADDRESS}
    token = "query-token-4711"  # noqa: S105 - made up
    assert gateway.send("POST", f"/in/plain?token={token}&to={ADDRESS}", body, headers)[0] == 200
    assert gateway.send("POST", f"/in/plain/{token}", body, {"x-signature": ADDRESS})[0] == 401
    assert gateway.send("POST", f"/in/{ADDRESS}", body, headers)[0] == 404
    with socket.create_connection(("127.0.0.1", int(gateway.at))) as raw:
        raw.sendall(f"NONSENSE {ADDRESS} \x01\r\n{ADDRESS}\r\n\r\n".encode())
        raw.recv(1000)
    page = get(gateway.metrics_at, "/metrics")
    health = get(gateway.metrics_at, "/health")
    assert page is not None
    assert health is not None
    shown = [page.text, health.text, gateway.process.said]
    for secret in (ADDRESS, "mustermann", token, SECRET, signed(body)["x-signature"]):
        assert [secret in each for each in shown] == [False] * 3
    assert f"plain 200, {len(body)} bytes, " in gateway.process.said
    assert gateway.samples()["stream_app_source_parked_total", ("plain", "bug: ValueError")] == 1
    assert gateway.samples()["stream_app_source_parked_total", ("plain", "bug: unknown_type")] == 1


def test_metrics_say_what_came_and_when(gateway: Running) -> None:
    before = time.time()
    person = {"do": "person", "email": ADDRESS, "time": "2026-03-02T09:14:03Z"}
    assert gateway.post(created(1), person, {"do": "ignore"}, {"do": "stage", "stage": "?", "lead": "l"})[0] == 200
    samples = gateway.samples()
    assert {
        name: samples[f"stream_app_source_{name}", labels]
        for name, labels in (
            ("items_total", ("plain", "mapped")),
            ("events_total", ("plain", "lead.created")),
            ("parked_total", ("plain", "stage")),
            ("incomplete_total", ("plain", "source")),
            ("ack_seconds_count", ("plain",)),
            ("lateness_seconds_count", ("plain",)),
        )
    } == {
        "items_total": 2,
        "events_total": 2,
        "parked_total": 1,
        "incomplete_total": 1,
        "ack_seconds_count": 1,
        "lateness_seconds_count": 2,
    }
    assert before <= samples["stream_app_source_last_received_timestamp_seconds", ("plain",)] <= time.time()


def test_another_identity_key_is_refused_at_start(gateway: Running, tmp_path: Path) -> None:
    create_identity_key(tmp_path / "other.key")
    other = Running(gateway.installation, tmp_path, identity_key_file=str(tmp_path / "other.key"))
    assert other.process.ended() == 5
    assert "bring that key back, or take a new namespace" in other.process.said
    again = Running(gateway.installation, tmp_path).ready()
    assert again.process.stop() == 0


def test_senders_are_answered_as_they_expect(installation: Installation, tmp_path: Path) -> None:
    tables = "".join(f'[sources.{name}]\nsecret_file = "plain.secret"\n' for name in ("other-replies", "by-token"))
    (tmp_path / "sources.toml").write_text(f"[gateway]\nin_flight_bytes = 1048576\n{tables}")
    gateway = Running(installation, tmp_path).ready()
    body = json.dumps([created(1)]).encode()

    def status(path: str, headers: Mapping[str, str]) -> int:
        return gateway.send("POST", path, body, headers)[0]

    assert status("/in/other-replies", signed(body)) == 202
    assert status("/in/other-replies", {}) == 406
    basic = f"Basic {b64encode(b'user:' + SECRET.encode()).decode()}"
    token = quote(SECRET)
    assert status("/in/by-token", {"Authorization": basic}) == 401
    assert status("/in/by-token/wrong", {}) == 401
    assert status(f"/in/by-token/{token}/more", {}) == 404
    assert status("/in/plain", signed(body)) == 404, "it is not configured here"
    held = {"Content-Length": "1048576"}
    with gateway.begin("/in/other-replies", held):
        gateway.await_in_flight(1)
        refused, headers = gateway.send("POST", "/in/other-replies", body, signed(body))
        assert (refused, headers["Retry-After"]) == (503, "1500")


def test_a_secret_in_the_path_is_as_good_as_a_signature(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "sources.toml").write_text('[sources.by-token]\nsecret_file = "token"\n')
    (tmp_path / "token").write_text("a-token-without-colons\nuser:password\n")
    gateway = Running(installation, tmp_path).ready()
    body = json.dumps([created(1)]).encode()
    basic = {"Authorization": f"Basic {b64encode(b'user:password').decode()}"}
    statuses = [
        gateway.send("POST", path, body, headers)[0]
        for path, headers in (
            ("/in/by-token/a-token-without-colons", {}),
            ("/in/by-token", basic),
            ("/in/by-token", {}),
            ("/in/by-token/user:password", {}),
        )
    ]
    assert statuses == [200, 200, 401, 401]
    assert "a-token" not in gateway.process.said


def test_a_sender_that_waits_for_100_continue_gets_it_unless_refused(gateway: Running) -> None:
    body = json.dumps([created(1)]).encode()
    expecting = {"Expect": "100-continue", **signed(body)}
    with gateway.begin("/in/plain", expecting | {"Content-Length": str(len(body))}) as sender:
        assert sender.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sender.sendall(body)
        assert sender.recv(100).startswith(b"HTTP/1.1 200 ")
    with gateway.begin("/in/plain", expecting | {"Content-Length": "2000000"}) as sender:
        assert sender.recv(100).startswith(b"HTTP/1.1 413 ")


def test_unsigned_requests_are_taken_where_that_is_said(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "sources.toml").write_text("[sources.plain]\nunsigned = true\n")
    gateway = Running(installation, tmp_path).ready()
    assert gateway.send("POST", "/in/plain", json.dumps([created(1)]).encode())[0] == 200
    assert len(gateway.logged("lead")) == 1


def test_sigterm_finishes_what_is_under_way(gateway: Running) -> None:
    body = json.dumps([created(1)]).encode()
    headers = {"Content-Length": str(len(body)), **signed(body)}
    with gateway.begin("/in/plain", headers) as sender:
        sender.sendall(body[:10])
        gateway.await_in_flight(1)
        gateway.process.ask_to_end()
        eventually(lambda: not _listens(gateway), "no new connection is taken", gateway.process)
        sender.sendall(body[10:])
        assert sender.recv(100).startswith(b"HTTP/1.1 200 ")
    assert gateway.process.ended() == 0
    assert len(gateway.logged("lead")) == len(gateway.inbox()) == 1


def _listens(gateway: Running) -> bool:
    try:
        socket.create_connection(("127.0.0.1", int(gateway.at))).close()
    except OSError:
        return False
    return True
