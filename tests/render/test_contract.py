"""The event types against the contract: its tables, typed by hand."""

import json

import pytest

from stream_app.catalog.events import EVENT_TYPES
from stream_app.core.envelope import event_type
from stream_app.render.asyncapi import asyncapi, key_on, types_on
from stream_app.render.schemas import event_schema
from tests.render.house import CATALOG

EMAIL = "lead_id* message_id* program_id step_id campaign_id audience machine bounce"
DEAL = "account_id* opportunity_id* kind* amount_minor* currency* source channel campaign_id lead_id stage reason"
PLAN = "account_id* subscription_id* currency* items* status discount_percent_forever reason"
INVOICE = "account_id* invoice_id* subscription_id amount_minor* currency*"

# `*` marks what is required.
FIELDS = {
    "lead.created": "lead_id* source channel campaign_id program_id score is_import",
    "lead.stage_changed": "lead_id* to* reason",
    "lead.status_changed": "lead_id* to* reason",
    "lead.score_changed": "lead_id* score* activity",
    "lead.engaged": "lead_id* kind* program_id campaign_id",
    "lead.merged": "lead_id* merged_id*",
    "lead.erased": "lead_id*",
    "program.enrolled": "lead_id* program_id* enrollment_id* audience",
    "program.step_entered": "lead_id* program_id* enrollment_id* step_id* due_at",
    "program.step_exited": "lead_id* program_id* enrollment_id* step_id* outcome*",
    "program.exited": "lead_id* program_id* enrollment_id* outcome*",
    **{f"email.{state}": EMAIL for state in ("sent", "delivered", "bounced", "opened", "clicked", "replied")},
    **{f"email.{state}": EMAIL for state in ("unsubscribed", "complained")},
    **{f"opportunity.{state}": DEAL for state in ("created", "changed", "won", "lost", "reopened")},
    "opportunity.deleted": "account_id* opportunity_id*",
    "account.merged": "account_id* merged_id*",
    **{f"subscription.{state}": PLAN for state in ("started", "changed", "paused", "resumed", "canceled")},
    **{f"invoice.{state}": INVOICE for state in ("paid", "payment_failed")},
    "spend.recorded": (
        "spend_id* amount_minor* currency* kind* campaign_id program_id channel source period_start* period_end*"
    ),
    "survey.responded": "respondent_id* survey_id* score* segment theme",
    "reach.recorded": "reach_id* day* kind* count* channel campaign_id",
}
ITEM = "plan_id* unit_amount_minor* quantity interval* interval_count usage"
TOPICS = {
    "lead": ("lead_id", {"lead", "program"}),
    "email": ("lead_id", {"email"}),
    "opportunity": ("account_id", {"opportunity"}),
    "billing": ("account_id", {"subscription", "invoice", "account"}),
    "spend": ("spend_id", {"spend"}),
    "survey": ("respondent_id", {"survey"}),
    "reach": ("reach_id", {"reach"}),
}
SCHEMAS = {event_type(kind): event_schema(kind) for kind in EVENT_TYPES}


def test_there_are_the_types_of_the_contract() -> None:
    assert SCHEMAS.keys() == FIELDS.keys()


@pytest.mark.parametrize("type_", FIELDS)
def test_a_type_has_the_fields_of_the_contract(type_: str) -> None:
    data = SCHEMAS[type_]["properties"]["data"]
    assert {f"{name}{'*' * (name in data['required'])}" for name in data["properties"]} == set(FIELDS[type_].split())


def test_an_item_has_the_fields_of_the_contract() -> None:
    item = SCHEMAS["subscription.started"]["properties"]["data"]["properties"]["items"]["items"]
    assert {f"{name}{'*' * (name in item['required'])}" for name in item["properties"]} == set(ITEM.split())


def test_topics_have_the_keys_and_types_of_the_contract() -> None:
    found = {
        suffix: (
            key_on(CATALOG, suffix),
            {event_type(kind).partition(".")[0] for kind in types_on(CATALOG, suffix)},
        )
        for suffix in CATALOG.topics
    }
    assert found == TOPICS


def test_every_type_is_on_one_topic() -> None:
    on_topics = [kind for suffix in CATALOG.topics for kind in types_on(CATALOG, suffix)]
    assert sorted(map(event_type, on_topics)) == sorted(map(event_type, EVENT_TYPES))


@pytest.mark.parametrize("type_", FIELDS)
def test_a_schema_needs_no_other_file(type_: str) -> None:
    text = json.dumps(SCHEMAS[type_])
    assert "$ref" not in text
    assert "additionalProperties" not in text


def test_values_are_in_the_order_of_the_contract() -> None:
    stage = SCHEMAS["lead.stage_changed"]["properties"]["data"]["properties"]["to"]
    assert stage["enum"] == ["lead", "mql", "sal", "sql", "opportunity", "customer"]


def test_every_reference_in_asyncapi_resolves() -> None:
    (text,) = asyncapi(CATALOG).values()
    document = json.loads(text)
    messages = document["components"]["messages"]
    for channel in document["channels"].values():
        assert {each["$ref"].removeprefix("#/components/messages/") for each in channel["messages"].values()} <= {
            *messages
        }
    for operation in document["operations"].values():
        assert operation["channel"]["$ref"].removeprefix("#/channels/") in document["channels"]
    carried = {name for channel in document["channels"].values() for name in channel["messages"]}
    assert carried == messages.keys() == {*FIELDS, *(f"{type_}.binary" for type_ in FIELDS), "rejected"}
    for type_ in FIELDS:
        assert messages[type_]["payload"]["schema"] == {"$ref": f"./{type_}.json"}
        assert messages[f"{type_}.binary"]["payload"]["schema"] == {"$ref": f"./{type_}.json#/properties/data"}
    headers = messages["rejected"]["headers"]["schema"]
    assert set(headers["required"]) == {"cause", "detail", "topic", "partition", "offset", "time"}
    assert {channel["address"] for channel in document["channels"].values()} == {
        f"lifecycle.{suffix}" for suffix in (*TOPICS, "dlq")
    }
