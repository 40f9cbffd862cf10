"""History from files is sent once, in the order in which it happened, and what is skipped is said by row and reason."""

import json
import os
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from stream_app.cli import main
from stream_app.clients.settings import PREFIX
from stream_app.intake.identity_key import create_identity_key
from stream_app.intake.mapping import Outgoing
from stream_app.intake.ordered import ordered
from stream_app.sources import EXPORTS
from stream_app.sources.export import Export, Row
from stream_app.sources.source import Context, Ignored, Incomplete, Missing, Outcome, Parked, SourceSettings
from tests.intake.declared import ADDRESS, created
from tests.intake.running import Running
from tests.system.installation import Installation


class ContactSettings(SourceSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the export of the tests may be set to."""

    timezone: str
    column: str = "email"


def _events(row: Row, context: Context[ContactSettings]) -> list[Outcome]:
    if row["stage"] == "none":
        return [Ignored("no_stage")]
    if row["stage"] == "bug":
        raise ValueError(row["email"])
    lead = context.person(row[context.settings.column])
    if lead is None:
        return [Parked("no_address", "email")]
    event = {"id": f"created:{lead}", "source": "/plain", "type": "lead.created", "time": row["at"]}
    return [event | {"data": {"lead_id": lead}}, Incomplete("campaign")]


CONTACTS: Export[ContactSettings] = Export(
    name="plain-contacts",
    title="Contacts, from their page",
    source="plain",
    settings=ContactSettings,
    events=_events,
    missing=(Missing("campaign", "Campaigns are not known.", "Set the column."),),
)
HEAD = "email,stage,at\n"
TEXT = (
    HEAD
    + f"{ADDRESS},mql,2026-03-02T09:14:03Z\n"
    + "b@example.com,mql,2025-03-02T09:14:03Z\n"
    + "nobody,mql,2025-03-02T09:14:03Z\n"
    + "c@example.com,none,\n"
    + "d@example.com,bug,\n"
    + "e@example.com,mql,yesterday\n"
    + "f@example.com\n"
)


@pytest.fixture(autouse=True)
def declared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("import_", "sources_file"):
        monkeypatch.setattr(import_module(f"stream_app.cli.{name}"), "EXPORTS", {"plain-contacts": CONTACTS})
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def here(installation: Installation, tmp_path: Path) -> Installation:
    create_identity_key(tmp_path / "identity.key")
    (tmp_path / "contacts.csv").write_text(TEXT)
    return installation


def run(installation: Installation, *arguments: str, standard_input: str = "") -> Result:
    clean = {name: None for name in os.environ if name.startswith(PREFIX)}
    given = {
        "STREAM_APP_KAFKA_URL": f"kafka://{installation.cluster.address}",
        "STREAM_APP_REDIS_URL": installation.store,
        "STREAM_APP_NAMESPACE": installation.namespace,
    }
    command = ["import", "--timezone", "UTC", *arguments]
    return CliRunner().invoke(main, command, env={**clean, **given}, input=standard_input)


def leads(installation: Installation) -> list[dict[str, Any]]:
    return [json.loads(each.value or b"") for each in installation.cluster.read(f"{installation.namespace}.lead")]


def test_what_a_file_holds_is_sent_and_what_is_skipped_is_said(here: Installation) -> None:
    shown = run(here, "plain-contacts", "contacts.csv", "--json")
    assert shown.exit_code == 1
    assert json.loads(shown.stdout) == {
        "rows": 7,
        "events": {"lead.created": 2},
        "skipped": {
            "no_address: email": {"count": 1, "file": 1, "row": 4},
            "bug: ValueError": {"count": 1, "file": 1, "row": 6},
            "bug: invalid: Invalid RFC3339 encoded datetime - at `$.time`": {"count": 1, "file": 1, "row": 7},
            "1 columns instead of 3": {"count": 1, "file": 1, "row": 8},
        },
        "ignored": {"no_stage": {"count": 1, "file": 1, "row": 5}},
        "incomplete": {"campaign": 3},
        "after_until": 0,
        "until": None,
    }
    assert sorted(each["time"] for each in leads(here)) == ["2025-03-02T09:14:03Z", "2026-03-02T09:14:03Z"]
    assert "example.com" not in shown.output + json.dumps(leads(here))


def test_a_person_reads_the_same_in_words(here: Installation) -> None:
    shown = run(here, "plain-contacts", "contacts.csv", "--dry-run")
    for said in (
        "2 lead.created",
        "3 without campaign: Campaigns are not known. Set the column.",
        "1 rows skipped: no_address: email (first in row 4 of file 1)",
        "1 rows of no interest: no_stage",
        "7 rows, 2 events would be sent",
    ):
        assert said in shown.output
    assert "example.com" not in shown.output
    assert leads(here) == []


def test_importing_twice_makes_no_new_ids(here: Installation) -> None:
    for _ in range(2):
        run(here, "plain-contacts", "contacts.csv")
    found = leads(here)
    assert len(found) == 4
    assert sorted(found, key=lambda each: each["id"])[::2] == sorted(found, key=lambda each: each["id"])[1::2]


def test_importing_twice_changes_no_number(here: Installation) -> None:
    moment = datetime(2026, 3, 3, tzinfo=UTC)
    run(here, "plain-contacts", "contacts.csv")
    assert here.drain()["duplicates"] == 0
    once = here.kpis(moment)
    assert any(name == "lifecycle_new_leads" and value for (name, _), value in once.items())
    run(here, "plain-contacts", "contacts.csv")
    assert here.drain()["duplicates"] == 2
    assert here.kpis(moment) == once


def test_several_files_are_sent_in_the_order_of_their_events(here: Installation, tmp_path: Path) -> None:
    for name, years in (("one", (2024, 2020)), ("two", (2022, 2018))):
        rows = "".join(f"same@example.com,mql,{year}-01-01T00:00:00Z\n" for year in years)
        (tmp_path / name).write_text(HEAD + rows)
    assert run(here, "plain-contacts", "one", "two").exit_code == 0
    assert [each["time"][:4] for each in leads(here)] == ["2018", "2020", "2022", "2024"]


def test_what_happened_after_the_first_live_item_is_left_out(here: Installation, gateway: Running) -> None:
    assert gateway.post(created(1))[0] == 200
    text = HEAD + "a@example.com,mql,2026-03-02T09:14:03Z\n"
    ahead = HEAD + "a@example.com,mql,2100-01-01T00:00:00Z\n"
    first = json.loads(run(here, "plain-contacts", "-", "--json", standard_input=text).stdout)
    assert first["events"] == {"lead.created": 1}
    assert first["until"] == int(gateway.inbox()[0]["received"])
    early = ("--until", "2026-03-02T09:14:03Z", "--json")
    cut = json.loads(run(here, "plain-contacts", "-", *early, standard_input=text).stdout)
    assert (cut["events"], cut["after_until"]) == ({}, 1)
    # From the future: the worker would reject it.
    assert "bug: future" in run(here, "plain-contacts", "-", standard_input=ahead).output


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nothing", "contacts.csv"), 2, "no such kind; there are plain-contacts"),
        (("plain-contacts",), 2, "Missing argument 'FILE...'"),
        (("plain-contacts", "nowhere.csv"), 2, "No such file"),
        (("plain-contacts", "broken.json"), 1, "behind row 1; nothing was sent"),
    ],
)
def test_what_cannot_be_imported_is_said(
    here: Installation, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    (tmp_path / "broken.json").write_text(
        json.dumps({"email": ADDRESS, "stage": "mql", "at": "2026-03-02T09:14:03Z"}) + '{"email'
    )
    shown = run(here, *arguments)
    assert shown.exit_code == code
    assert said in shown.output
    assert leads(here) == []


def test_settings_come_from_the_sources_table_and_from_options(here: Installation, tmp_path: Path) -> None:
    (tmp_path / "sources.toml").write_text('[sources.plain]\ncolumn = "work"\n')
    row = json.dumps({"work": ADDRESS, "stage": "mql", "at": "2026-03-02T09:14:03Z"})
    assert run(here, "plain-contacts", "-", standard_input=row).exit_code == 0
    clean = {name: None for name in os.environ if name.startswith(PREFIX)}
    without = CliRunner().invoke(main, ["import", "plain-contacts", "contacts.csv"], env=clean)
    assert without.exit_code == 2
    assert "[sources.plain] timezone: is needed" in without.output


def test_another_identity_key_is_refused(here: Installation, tmp_path: Path) -> None:
    assert run(here, "plain-contacts", "-", standard_input=HEAD).exit_code == 0
    (tmp_path / "identity.key").write_bytes(b"k" * 32)
    refused = run(here, "plain-contacts", "contacts.csv")
    assert refused.exit_code == 5
    assert leads(here) == []


_EVENTS = st.lists(st.builds(Outgoing, st.text(), st.binary(), st.binary(), st.text(), st.integers(0, 5)))


@given(_EVENTS, st.integers(1, 4))
def test_events_are_ordered_by_time_and_else_as_they_came(events: list[Outgoing], in_memory: int) -> None:
    assert list(ordered(events, in_memory)) == sorted(events, key=lambda each: each.at)


def test_a_table_of_spend_is_imported_by_its_column_map(
    here: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("import_", "sources_file"):
        monkeypatch.setattr(import_module(f"stream_app.cli.{name}"), "EXPORTS", EXPORTS)
    (tmp_path / "sources.toml").write_text(
        """
        [sources.csv.tables.spend]
        type = "spend.recorded"
        columns = { amount = "Cost", period_start = "From", period_end = "To", campaign_id = "Campaign" }
        constants = { currency = "EUR", kind = "media" }
        decimal = ","
        [sources.csv.tables.other]
        type = "lead.merged"
        columns = { lead_id = "Id", merged_id = "Old id" }
        """
    )
    text = "Campaign;From;To;Cost\nspring;2026-01-01;2026-01-31;1.234,50\nspring;2026-02-01;2026-02-28;soon\n"
    shown = run(here, "csv", "-", "--table", "spend", "--json", standard_input=text)
    assert shown.exit_code == 1, shown.output
    done = json.loads(shown.stdout)
    assert (done["events"], sum(each["count"] for each in done["skipped"].values())) == ({"spend.recorded": 1}, 1)
    (record,) = here.cluster.read(f"{here.namespace}.spend")
    data = json.loads(record.value or b"")["data"]
    assert data.pop("spend_id")
    assert data == {
        "amount_minor": 123_450,
        "currency": "EUR",
        "kind": "media",
        "period_start": "2026-01-01",
        "period_end": "2026-01-31",
        "campaign_id": "spring",
    }
    refused = run(here, "sendgrid-events", "-", "--table", "spend", standard_input="")
    assert refused.exit_code == 2
    assert "--table says nothing to sendgrid-events" in refused.output
