"""One person and one company by HubSpot, SendGrid and Stripe: whatever comes first, the same numbers on the wall."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from stream_app.intake.identity_key import create_identity_key
from tests.servers.cluster import Cluster
from tests.system.installation import Installation, Series, answer, port

PUBLIC_URL = "https://in.example.com"
SECRET = "of this story"  # noqa: S105 - made up
ADDRESS = "Ada.Lovelace@example.com"
NOW_MS = time.time_ns() // 1_000_000
HOUR_MS = 3_600_000
CREATED_MS = NOW_MS - 72 * HOUR_MS
PORTAL = 62515
SENDGRID_KEY = ec.generate_private_key(ec.SECP256R1())


class Post:
    """A request as the vendor makes it, with a signature of its kind."""

    def __init__(self, source: str, content: object) -> None:
        self.source, self.body = source, json.dumps(content).encode()

    def headers(self) -> dict[str, str]:
        """The signature, made now."""
        return {"hubspot": self._hubspot, "sendgrid": self._sendgrid, "stripe": self._stripe}[self.source]()

    def _hubspot(self) -> dict[str, str]:
        at = str(time.time_ns() // 1_000_000)
        signed = f"POST{PUBLIC_URL}/in/hubspot".encode() + self.body + at.encode()
        signature = base64.b64encode(hmac.digest(SECRET.encode(), signed, hashlib.sha256)).decode()
        return {"X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": at}

    def _sendgrid(self) -> dict[str, str]:
        at = str(int(time.time()))
        signature = SENDGRID_KEY.sign(at.encode() + self.body, ec.ECDSA(hashes.SHA256()))
        name = "X-Twilio-Email-Event-Webhook"
        return {f"{name}-Signature": base64.b64encode(signature).decode(), f"{name}-Timestamp": at}

    def _stripe(self) -> dict[str, str]:
        at = str(int(time.time()))
        signature = hmac.new(SECRET.encode(), f"{at}.".encode() + self.body, hashlib.sha256).hexdigest()
        return {"Stripe-Signature": f"t={at},v1={signature}"}


def _hubspot(subscription: str, hours: int, **more: object) -> dict[str, object]:
    change = {"eventId": hours, "subscriptionId": 1, "portalId": PORTAL, "appId": 1, "attemptNumber": 0}
    at = CREATED_MS + hours * HOUR_MS
    return change | {"occurredAt": at, "subscriptionType": subscription, "objectId": 501, "changeSource": "CRM", **more}


def _sendgrid(kind: str, hours: int) -> dict[str, object]:
    return {
        "email": ADDRESS.lower(),
        "timestamp": (CREATED_MS + hours * HOUR_MS) // 1000,
        "event": kind,
        "sg_event_id": f"{kind}-1",
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
        "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
        "category": "onboarding-2",
    }


def _stripe(number: int, kind: str, hours: int, found: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"evt_{number}",
        "object": "event",
        "api_version": "2025-02-24.acacia",
        "created": (CREATED_MS + hours * HOUR_MS) // 1000,
        "livemode": True,
        "type": kind,
        "data": {"object": {"livemode": True, **found}},
    }


CONTACT = Post(
    "hubspot",
    [
        _hubspot("contact.propertyChange", 1, propertyName="lifecyclestage", propertyValue="marketingqualifiedlead"),
        _hubspot("contact.creation", 0),
    ],
)
ADDRESS_OF_CONTACT = Post(
    "hubspot", [_hubspot("contact.propertyChange", 2, propertyName="email", propertyValue=ADDRESS)]
)
MAIL = Post("sendgrid", [_sendgrid("open", 5), _sendgrid("processed", 3), _sendgrid("delivered", 4)])
PRICE = {
    "id": "price_pro",
    "object": "price",
    "billing_scheme": "per_unit",
    "currency": "eur",
    "unit_amount": 2000,
    "unit_amount_decimal": "2000",
    "recurring": {"interval": "month", "interval_count": 1, "usage_type": "licensed"},
}
SUBSCRIPTION = Post(
    "stripe",
    _stripe(
        1,
        "customer.subscription.created",
        10,
        {
            "id": "sub_1",
            "object": "subscription",
            "customer": "cus_1",
            "status": "active",
            "currency": "eur",
            "metadata": {},
            "discount": None,
            "discounts": [],
            "items": {"object": "list", "has_more": False, "data": [{"id": "si_1", "quantity": 3, "price": PRICE}]},
        },
    ),
)
COMPANY_OF_CUSTOMER = Post(
    "stripe",
    _stripe(2, "customer.updated", 11, {"id": "cus_1", "object": "customer", "metadata": {"account_id": "acme"}}),
)
LINKS_IN_BETWEEN = [CONTACT, ADDRESS_OF_CONTACT, MAIL, SUBSCRIPTION, COMPANY_OF_CUSTOMER]
ORDERS = {
    "as-it-happened": LINKS_IN_BETWEEN,
    "backwards-and-twice": [*reversed(LINKS_IN_BETWEEN), *LINKS_IN_BETWEEN],
    "links-last": [MAIL, SUBSCRIPTION, CONTACT, COMPANY_OF_CUSTOMER, ADDRESS_OF_CONTACT],
}

SOURCES = f"""
[gateway]
public_url = "{PUBLIC_URL}"
[sources.hubspot]
secret_file = "secret"
[sources.stripe]
secret_file = "secret"
[sources.sendgrid]
secret_file = "sendgrid.key"
[sources.sendgrid.campaigns]
"onboarding-2" = {{ program_id = "onboarding", step_id = "day-2" }}
"""


def _write_sources(directory: Path) -> None:
    (directory / "sources.toml").write_text(SOURCES)
    (directory / "secret").write_text(SECRET)
    key = SENDGRID_KEY.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (directory / "sendgrid.key").write_bytes(base64.b64encode(key))
    create_identity_key(directory / "identity.key")


def _numbers(installation: Installation, directory: Path, posts: Sequence[Post]) -> dict[Series, float]:
    """What the numbers are after these requests, which the gateway has to take, and an audit that finds no fault."""
    at, metrics_at = port(), port()
    sources = {"sources_file": str(directory / "sources.toml")}
    gateway = installation.start("gateway", gateway_port=at, gateway_metrics_port=metrics_at, **sources)
    answer(metrics_at, "/health", gateway, lambda page: page.status == 200)
    for each in posts:
        with closing(HTTPConnection("127.0.0.1", int(at), timeout=30)) as connection:
            connection.request("POST", f"/in/{each.source}", each.body, each.headers())
            assert connection.getresponse().status == 200
    # What the CRM says of the company, by the product's own contract.
    deal = {"account_id": "acme", "opportunity_id": "d-1", "kind": "new_business", "amount_minor": 72000}
    won = {"id": "deal-1", "source": "/crm", "type": "opportunity.won", "data": deal | {"currency": "EUR"}}
    when = datetime.fromtimestamp((CREATED_MS + 9 * HOUR_MS) / 1000, UTC).isoformat()
    (directory / "deal.jsonl").write_text(json.dumps(won | {"time": when}))
    installation.run("produce", str(directory / "deal.jsonl"))
    installation.drain()
    now = datetime.fromtimestamp(NOW_MS / 1000, UTC)
    audit = json.loads(installation.run("audit", "--json", "--as-of", now.isoformat()))
    assert audit["compared"] > 50
    assert audit["differences"] == []
    assert installation.dead_letters() == set()
    assert ADDRESS.lower() not in installation.logs.lower()
    return installation.kpis(now)


@pytest.mark.slow
def test_one_person_and_one_company_count_once_in_any_order(
    cluster: Cluster, redis_url: str, namespace: str, tmp_path: Path
) -> None:
    found = []
    for number, posts in enumerate(ORDERS.values()):
        directory = tmp_path / str(number)
        directory.mkdir()
        _write_sources(directory)
        with Installation(cluster, redis_url, f"{namespace}-{number}", directory) as installation:
            installation.create_topics()
            cluster.create(f"{installation.namespace}.inbox", partitions=2)
            found.append(_numbers(installation, directory, posts))
    numbers = found[0]
    assert found == [numbers] * len(ORDERS)

    def value(name: str, **labels: str) -> float:
        return numbers.get((f"lifecycle_{name}", frozenset(labels.items())), 0)

    # By hand: one lead, in `mql`, who got and opened one message; one customer, won and billed as one company.
    assert value("leads_in_stage", funnel_stage="mql") == 1
    assert sum(amount for (name, _), amount in numbers.items() if name == "lifecycle_leads_in_stage") == 1
    assert value("new_leads", source="unknown", channel="none", campaign="none", window="7d") == 1
    message = {"program": "onboarding", "step": "day-2", "audience": "prospect", "window": "7d"}
    states = ("sent", "delivered", "opened", "clicked")
    assert [value("email_messages", state=state, **message) for state in states] == [1, 1, 1, 0]
    assert value("customers") == 1
    assert value("mrr", currency="EUR") == 60
    assert value("new_customers", source="none", campaign="none", window="7d") == 1
