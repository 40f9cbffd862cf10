"""The first steps of docs/gateway.md, taken as they stand there: from nothing to a number."""

import hashlib
import hmac
import json
import time
from contextlib import closing
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from tests.lanes import first_is_quick
from tests.servers.cluster import Cluster
from tests.shipping.pages import shell_lines
from tests.system.installation import Installation, answer, port

STEPS = [line.partition("#")[0].split() for line in shell_lines("docs/gateway.md")][:5]
STRIPE_SECRET = "whsec_of_this_test"  # noqa: S105 - made up


def _own_event(secret: str) -> tuple[bytes, dict[str, str]]:
    now = datetime.now(UTC)
    event = {"id": "1", "type": "lead.created", "time": now.isoformat(), "data": {"lead_id": "ada", "source": "web"}}
    body = json.dumps(event)
    signature = Webhook(secret).sign("msg-1", now, body)
    stamp = str(int(now.timestamp()))
    return body.encode(), {"webhook-id": "msg-1", "webhook-timestamp": stamp, "webhook-signature": signature}


def _stripe_event(secret: str) -> tuple[bytes, dict[str, str]]:
    now = int(time.time())
    price = {"id": "price_1", "unit_amount": 2000, "recurring": {"interval": "month", "interval_count": 1}}
    subscription = {
        "id": "sub_1",
        "object": "subscription",
        "customer": "cus_1",
        "status": "active",
        "currency": "eur",
        "items": {"data": [{"quantity": 1, "price": price}], "has_more": False},
    }
    event = {"id": "evt_1", "object": "event", "created": now, "livemode": True, "data": {"object": subscription}}
    body = json.dumps(event | {"type": "customer.subscription.created"}).encode()
    signature = hmac.new(secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    return body, {"stripe-signature": f"t={now},v1={signature}"}


CASES = {
    "events": (_own_event, ("lifecycle_new_leads", "7d", 1)),
    "stripe": (_stripe_event, ("lifecycle_mrr", None, 20)),
}


def test_the_page_has_these_steps() -> None:
    assert STEPS == [
        ["stream-app", "sources", "init", "events"],
        ["stream-app", "sources", "check"],
        ["stream-app", "topics", "apply"],
        ["stream-app", "gateway"],
        ["stream-app", "sources"],
    ]


@pytest.mark.parametrize("source", first_is_quick(CASES))
def test_the_first_steps_lead_to_a_number(
    cluster: Cluster, redis_url: str, namespace: str, tmp_path: Path, source: str
) -> None:
    make, (series, window, wanted) = CASES[source]
    at, metrics_at = port(), port()
    settings = {
        "sources_file": str(tmp_path / "sources.toml"),
        "gateway_port": at,
        "gateway_metrics_port": metrics_at,
    }
    init, check, apply, start, show = ([*step[1:]] for step in STEPS)
    with Installation(cluster, redis_url, namespace, tmp_path, **settings) as installation:
        said = installation.run(*[source if word == "events" else word for word in init])
        assert "1. " in said
        secret_file = tmp_path / f"{source}.secret"
        if f"first line of {secret_file}" in said:
            secret_file.write_text(STRIPE_SECRET)
        installation.run(*check)
        installation.run(*apply)
        gateway = installation.start(*start)
        answer(metrics_at, "/health", gateway, lambda page: page.status == 200)
        body, headers = make(secret_file.read_text().strip())
        with closing(HTTPConnection("127.0.0.1", int(at), timeout=30)) as connection:
            connection.request("POST", f"/in/{source}", body, headers)
            assert connection.getresponse().status == 200
        shown = installation.run(*show)
        assert f"{source}: last item" in shown
        assert "1 mapped" in shown
        installation.drain()
        numbers = installation.kpis(datetime.now(UTC))
    found = [
        value
        for (name, labels), value in numbers.items()
        if name == series and (window is None or ("window", window) in labels)
    ]
    assert sum(found) == wanted
