"""`map`: what is printed where, for what is given."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from stream_app.cli import main
from stream_app.clients.settings import PREFIX
from tests.sources.payload import KEY

OWN = {"specversion": "1.0", "id": "e1", "source": "/t", "type": "lead.created", "time": "2026-03-02T09:14:03Z"}
EVENT = OWN | {"data": {"lead_id": "1"}}
OF_ADA = OWN | {"data": {"lead_id": "ada@example.com"}}
NO_LEAD = OWN | {"data": {"source": "organic"}}
TEST = {
    "id": "evt_1",
    "object": "event",
    "type": "invoice.paid",
    "created": 1772442843,
    "livemode": False,
    "data": {
        "object": {"id": "in_1", "object": "invoice", "customer": "cus_1", "currency": "eur", "amount_paid": 4900}
        | {"status_transitions": {"paid_at": None}}
    },
}
PAID = {
    "specversion": "1.0",
    "id": "evt_1",
    "source": "/stripe/test",
    "type": "invoice.paid",
    "time": "2026-03-02T09:14:03.000Z",
    "data": {"account_id": "st-cus_1", "invoice_id": "in_1", "amount_minor": 4900, "currency": "EUR"},
}


@pytest.fixture(autouse=True)
def _directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)


def run(*arguments: str, given: object = None) -> tuple[int, list[object], list[str]]:
    text = given if isinstance(given, str) else json.dumps(given)
    done = CliRunner().invoke(main, ["map", *arguments], input=text)
    printed = [json.loads(line) for line in done.stdout.splitlines()]
    return done.exit_code, printed, done.stderr.splitlines()


def test_an_event_is_printed_and_nothing_else_is_said() -> None:
    assert run("events", "-", given=EVENT) == (0, [EVENT], [])


def test_a_file_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text(json.dumps(EVENT, indent=2), "utf-8")
    assert run("events", "event.json") == (0, [EVENT], [])


def test_several_bodies_are_lines() -> None:
    lines = "\n".join([json.dumps(EVENT), "", json.dumps([EVENT, NO_LEAD])])
    refused = "item 3: parked: contract: invalid: Object missing required field `lead_id` - at `$.data`"
    assert run("events", given=lines) == (1, [EVENT, EVENT], [refused])


def test_what_is_ignored_is_said_and_is_no_failure() -> None:
    assert run("stripe", given=TEST) == (0, [], ["item 1: ignored: test"])
    assert run("stripe", "--test", given=TEST) == (0, [PAID], [])


def test_what_is_no_json_is_parked() -> None:
    assert run("stripe", given="a=1\r\n") == (1, [], ["item 1: parked: malformed: not a JSON object"])
    assert run("stripe", given="") == (1, [], ["item 1: parked: malformed: not a JSON object"])


def test_ids_of_addresses_are_examples_without_a_key() -> None:
    first, second = run("events", given=OF_ADA), run("events", given=OF_ADA)
    assert first[2] == ["no identity key: the ids of e-mail addresses (p-...) are examples"]
    assert "@" not in json.dumps(first[1])
    assert first[1] != second[1]


def test_with_a_key_ids_of_addresses_are_the_ones_of_the_gateway(tmp_path: Path) -> None:
    expected = OF_ADA | {"data": {"lead_id": "p-nq5ezajneyp2uu3mua6jzbjnk6"}}
    (tmp_path / "identity.key").write_bytes(KEY)
    assert run("events", given=OF_ADA) == (0, [expected], [])
    (tmp_path / "identity.key").rename(tmp_path / "other.key")
    assert run("events", "--identity-key-file", "other.key", given=OF_ADA) == (0, [expected], [])


def test_a_key_of_another_length_is_refused(tmp_path: Path) -> None:
    (tmp_path / "identity.key").write_bytes(b"short")
    code, printed, said = run("events", given=EVENT)
    assert (code, printed) == (2, [])
    assert "identity.key has 5 bytes instead of 32" in " ".join(said)


def test_settings_of_the_source_are_read(tmp_path: Path) -> None:
    (tmp_path / "sources.toml").write_text("[sources.stripe]\ntest = true\n", "utf-8")
    assert run("stripe", given=TEST) == (0, [PAID], [])
    (tmp_path / "sources.toml").write_text('[sources.stripe]\nunpaid = "forgiven"\n', "utf-8")
    code, printed, said = run("stripe", given=TEST)
    assert (code, printed) == (2, [])
    assert "unpaid" in " ".join(said)


def test_a_file_of_settings_that_is_named_has_to_be_there() -> None:
    code, printed, said = run("stripe", "--sources-file", "elsewhere.toml", given=TEST)
    assert (code, printed) == (2, [])
    assert "elsewhere.toml" in " ".join(said)


def test_an_account_is_read_where_the_settings_say(tmp_path: Path) -> None:
    (tmp_path / "sources.toml").write_text('[identity]\naccount_key = "crm"\n', "utf-8")
    customer = TEST | {"type": "customer.created", "livemode": True}
    customer["data"] = {"object": {"id": "cus_1", "object": "customer", "metadata": {"crm": "a-7"}}}
    code, (event,), said = run("stripe", given=customer)
    assert (code, said) == (0, [])
    assert isinstance(event, dict)
    assert event["data"] == {"account_id": "a-7", "merged_id": "st-cus_1"}


def test_more_items_than_a_source_may_send_are_refused() -> None:
    code, printed, said = run("events", given=[EVENT] * 1001)
    assert (code, printed) == (1, [])
    assert said == ["more items than the 1000 that events may send at once"]
