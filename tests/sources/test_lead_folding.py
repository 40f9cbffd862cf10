"""What a CRM and mail services say of one person makes the same numbers in every order, with the link last as well."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import permutations
from typing import Any

import msgspec
import pytest

from stream_app.audit import Recount
from stream_app.catalog.entities import LEAD
from stream_app.sources import EXPORTS, SOURCES
from stream_app.sources.identity import alias
from stream_app.sources.source import Context, Event, Item
from tests.cases.case import of
from tests.catalog.folding import added, contributed
from tests.laws.memory import decoded
from tests.sources.payload import KEY

AS_OF = datetime(2026, 1, 20, tzinfo=UTC)
AT = 1767603723
ADDRESS = "tom.ulm@kunde.example"


def posted(name: str, body: dict[str, Any], **settings: object) -> list[Event]:
    source = SOURCES[name]
    context = Context(msgspec.convert(settings, source.settings), partial(alias, KEY))
    return [each for each in source.events(Item("", json.dumps(body).encode(), 0), context) if isinstance(each, dict)]


def imported(name: str, row: dict[str, Any]) -> list[Event]:
    context = Context(EXPORTS[name].settings(), partial(alias, KEY))
    return [each for each in EXPORTS[name].events(row, context) if isinstance(each, dict)]


def hubspot(kind: str, at: int = AT, **more: object) -> list[Event]:
    body = {"subscriptionType": f"contact.{kind}", "portalId": 62515, "objectId": 7, "occurredAt": at * 1000}
    return posted("hubspot", body | more)


def stage(to: str, at: int = AT) -> list[Event]:
    return hubspot("propertyChange", at, propertyName="lifecyclestage", propertyValue=to)


def sendgrid(event: str, message: str, at: int, **more: object) -> list[Event]:
    body = {"event": event, "sg_event_id": f"{event}-{message}", "sg_message_id": f"{message}.recvd-1", "timestamp": at}
    return posted("sendgrid", body | {"email": ADDRESS} | more, derive_steps=True)


def postmark(kind: str, time: str, at: str) -> list[Event]:
    return posted("postmark", {"RecordType": kind, "MessageID": "m-1", "Recipient": ADDRESS, time: at})


PROGRAM = {"program_id": "onboarding", "step_id": "day-2"}
MESSAGES = {"program": "onboarding", "step": "day-2", "audience": "prospect", "window": "mtd"}
NO_PROGRAM = {"program": "none", "step": "none", "audience": "prospect", "window": "mtd"}
UNKNOWN = {"source": "unknown", "channel": "none", "campaign": "none", "window": "mtd"}
ROW = {
    "id": "7",
    "properties": {
        "createdate": "2026-01-05T09:02:03Z",
        "email": ADDRESS,
        "hs_analytics_source": "PAID_SEARCH",
        "hs_analytics_source_data_1": "google",
        "utm_campaign": "spring",
    },
}
PAID = {"source": "PAID_SEARCH", "channel": "google", "campaign": "spring", "window": "mtd"}

STORIES: dict[str, tuple[list[list[Event]], dict[Any, float]]] = {
    "nasty-16 the creation comes last in a batch of one instant": (
        [
            stage("lead"),
            hubspot("propertyChange", propertyName="email", propertyValue=ADDRESS),
            hubspot("propertyChange", propertyName="hs_lead_status", propertyValue="NEW"),
            hubspot("creation"),
        ],
        {
            of("new_leads", **UNKNOWN): 1,
            of("stage_entries", funnel_stage="lead", source="unknown", campaign="none", window="mtd"): 1,
            of("leads_in_stage", funnel_stage="lead"): 1,
        },
    ),
    "nasty-19 a move back is cleared first": (
        [
            hubspot("creation"),
            stage("customer", AT + 60),
            stage("", AT + 120),
            stage("marketingqualifiedlead", AT + 121),
        ],
        {of("leads_in_stage", funnel_stage="mql"): 1, of("leads_in_stage", funnel_stage="customer"): 0},
    ),
    "nasty-10 a contact that was created live, imported, and mailed by its address": (
        [
            hubspot("creation"),
            sendgrid("processed", "a", AT + 60, **PROGRAM),
            sendgrid("open", "a", AT + 90, **PROGRAM),
            imported("hubspot-contacts", ROW),
        ],
        {
            of("new_leads", **PAID): 1,
            of("new_leads", **UNKNOWN): 0,
            of("email_messages", state="sent", **MESSAGES): 1,
            of("email_messages", state="opened", **MESSAGES): 1,
        },
    ),
    "nasty-32 a message that nobody says was sent": (
        [
            postmark("Delivery", "DeliveredAt", "2026-01-05T04:02:05.0000001-05:00"),
            postmark("Open", "ReceivedAt", "2026-01-05T09:10:00Z"),
            postmark("Click", "ReceivedAt", "2026-01-05T09:11:00Z"),
        ],
        {of("email_messages", state=state, **NO_PROGRAM): 1 for state in ("sent", "delivered", "opened", "clicked")},
    ),
    "two messages of a step that is derived": (
        [
            sendgrid("processed", "a", AT, **PROGRAM),
            sendgrid("processed", "b", AT + 3600, **PROGRAM),
            sendgrid("delivered", "b", AT + 3601, **PROGRAM),
        ],
        {
            of("program_enrollments", program="onboarding", audience="prospect", window="30d"): 1,
            of("email_messages", state="sent", **MESSAGES): 2,
        },
    ),
}


def counted(found: Sequence[Event], expected: dict[Any, float]) -> dict[Any, float]:
    with Recount() as audit:
        audit.add(found)
        samples = audit.samples(AS_OF)
    return {(name, labels): samples.get((name, frozenset(labels)), 0) for name, labels in expected}


@pytest.mark.parametrize(("parts", "expected"), STORIES.values(), ids=STORIES)
def test_each_order_makes_the_same_numbers(parts: list[list[Event]], expected: dict[Any, float]) -> None:
    for order in permutations(parts):
        events = [event for part in [*order, order[0]] for event in part]
        assert counted(events, expected) == expected


@pytest.mark.parametrize("parts", [parts for parts, _ in STORIES.values()], ids=STORIES)
def test_each_order_is_folded_to_the_same(parts: list[list[Event]]) -> None:
    def events(order: Sequence[list[Event]]) -> list[tuple[int, Any]]:
        # Merges decide which events are of one lead; here all of them are.
        return [decoded(event) for part in order for event in part if event["type"] != "lead.merged"]

    whole = contributed(LEAD, events(parts))
    for order in permutations(parts):
        assert added(LEAD, events(order)) == whole
