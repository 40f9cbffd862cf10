"""Tables of a warehouse copy of HubSpot, values scrambled, as a public repository has them: read where they are."""

import csv
from functools import partial
from typing import Any

import pytest

from stream_app.sources.export import Export
from stream_app.sources.exports.hubspot import HUBSPOT_CONTACTS, HUBSPOT_DEALS
from stream_app.sources.hubspot import HubSpotSettings
from stream_app.sources.identity import alias
from stream_app.sources.source import Context, Ignored, Outcome, Parked
from tests.sources.payload import KEY, SHARED

CONTEXT = Context(HubSpotSettings(timezone="UTC", currency="EUR"), partial(alias, KEY))


def _rows(name: str) -> list[dict[str, str]]:
    path = SHARED / "hubspot" / f"{name}.csv"
    if not path.exists():
        pytest.skip("real rows that are not here")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _outcomes(export: Export[HubSpotSettings], rows: list[dict[str, str]]) -> list[Outcome]:
    return [outcome for row in rows for outcome in export.events(row, CONTEXT)]


def _events(outcomes: list[Outcome]) -> list[dict[str, Any]]:
    return [each for each in outcomes if isinstance(each, dict)]


def _utc(text: str) -> str:
    return f"{text.replace(' ', 'T')}.000Z"


def test_real_deals_are_created_when_they_were_made() -> None:
    rows = _rows("deal_data")
    found = {
        (each["type"], each["data"]["opportunity_id"], each["time"]) for each in _events(_outcomes(HUBSPOT_DEALS, rows))
    }
    expected = {("opportunity.created", f"hs-deal-{row['deal_id']}", _utc(row["property_createdate"])) for row in rows}
    assert found == expected


def test_real_merges_of_contacts_are_merges_of_leads() -> None:
    rows = _rows("contact_merge_audit_data")
    found = {
        (each["data"]["lead_id"], each["data"]["merged_id"], each["time"])
        for each in _events(_outcomes(HUBSPOT_CONTACTS, rows))
    }
    assert found == {
        (f"hs-{row['canonical_vid']}", f"hs-{row['vid_to_merge']}", _utc(row["timestamp"])) for row in rows
    }


def test_real_changes_of_scrambled_properties_are_ignored() -> None:
    rows = _rows("contact_property_history_data")
    assert _outcomes(HUBSPOT_CONTACTS, rows) == [Ignored("other_property")] * len(rows)


@pytest.mark.parametrize("name", ["deal_pipeline_data", "deal_pipeline_stage_data"])
def test_rows_of_another_table_are_parked(name: str) -> None:
    rows = _rows(name)
    assert _outcomes(HUBSPOT_DEALS, rows) == [Parked("id", "hs_object_id")] * len(rows)
