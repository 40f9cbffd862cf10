"""The kinds of entities, and which of them an event belongs to."""

from stream_app.catalog import account, lead, records
from stream_app.catalog.events import LeadErased
from stream_app.core.entity import EntityKind

LEAD = EntityKind(
    name="lead",
    key="lead_id",
    state=lead.Lead,
    merges=lead.MERGES,
    too_late=lead.too_late,
    forget=lead.forget,
    all_facts=lead.all_facts,
    erased_by=LeadErased,
    retracted_on_erase=lead.due_facts,
)
ACCOUNT = EntityKind(
    name="account",
    key="account_id",
    state=account.Account,
    merges=account.MERGES,
    too_late=account.too_late,
    forget=account.forget,
    all_facts=account.all_facts,
)
SPEND = EntityKind(
    name="spend",
    key="spend_id",
    state=records.Spend,
    merges=records.SPEND_MERGES,
    too_late=records.too_late,
    forget=records.forget,
    all_facts=records.spend_facts,
)
RESPONDENT = EntityKind(
    name="respondent",
    key="respondent_id",
    state=records.Respondent,
    merges=records.SURVEY_MERGES,
    too_late=records.too_late,
    forget=records.forget,
    all_facts=records.nps_facts,
)
REACH = EntityKind(
    name="reach",
    key="reach_id",
    state=records.Reach,
    merges=records.REACH_MERGES,
    too_late=records.too_late,
    forget=records.forget,
    all_facts=records.reach_facts,
)

ENTITIES = (LEAD, ACCOUNT, SPEND, RESPONDENT, REACH)
KIND_OF = {event_type: kind for kind in ENTITIES for event_type in kind.types}
"""Event class -> kind of entity."""
