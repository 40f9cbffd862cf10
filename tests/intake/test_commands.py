"""The commands about sources: what a stranger sees of them, and their exit codes."""

import json
import os
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stream_app.cli import main
from stream_app.clients.settings import PREFIX
from stream_app.sources.source import Missing, Unsigned
from tests.intake.declared import ADDRESS, PLAIN, SECRET, created
from tests.intake.running import Running

STAGE = {"do": "stage", "stage": "8", "lead": "l8", "time": "2026-03-02T09:14:03Z"}


@pytest.fixture(autouse=True)
def only_plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("sources", "replay", "gateway"):
        monkeypatch.setattr(import_module(f"stream_app.cli.{name}"), "SOURCES", {"plain": PLAIN})
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, **environment: str) -> Result:
    clean = {name: None for name in os.environ if name.startswith(PREFIX)}
    return CliRunner().invoke(main, list(arguments), env={**clean, **environment})


def environment(gateway: Running) -> dict[str, str]:
    made = gateway.installation
    return {
        "STREAM_APP_KAFKA_URL": f"kafka://{made.cluster.address}",
        "STREAM_APP_REDIS_URL": made.store,
        "STREAM_APP_NAMESPACE": made.namespace,
        "STREAM_APP_GATEWAY_METRICS_PORT": gateway.metrics_at,
    }


def test_from_nothing_to_a_file_that_a_gateway_takes(tmp_path: Path) -> None:
    shown = run("sources", "init", "plain")
    assert shown.exit_code == 0, shown.output
    for said in ("wrote sources.toml", "wrote identity.key", "back up identity.key", "1. Post an array."):
        assert said in shown.output
    assert "Then write its secret into the first line of plain.secret." in shown.output
    refused = run("sources", "check")
    assert refused.exit_code == 2
    assert "plain.secret is empty: write the secret into its first line" in refused.output
    (tmp_path / "plain.secret").write_text("open sesame\n")
    checked = run("sources", "check")
    assert checked.exit_code == 0
    assert "ok    plain: 1 accepted secret(s)" in checked.output
    assert "sesame" not in checked.output
    assert "public_url" in checked.output
    (tmp_path / "plain.secret").chmod(0o644)
    assert "plain.secret can be read by others" in run("sources", "check").output


def test_a_source_whose_accounts_nothing_joins_is_named_beside_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = Missing("account_id", "a company is two accounts", "set account_id")
    billing = replace(PLAIN, name="by-token", signature=Unsigned(), missing=(missing,))
    declared = {"plain": PLAIN, "by-token": billing}
    monkeypatch.setattr(import_module("stream_app.cli.sources"), "SOURCES", declared)
    assert run("sources", "init", "by-token").exit_code == 0
    assert "two accounts" not in run("sources", "check").output
    assert run("sources", "init", "plain").exit_code == 0
    (tmp_path / "plain.secret").write_text("open sesame\n")
    assert "warn  by-token: a company is two accounts: set account_id" in run("sources", "check").output


def test_a_source_that_does_not_exist_is_named() -> None:
    shown = run("sources", "init", "plane")
    assert shown.exit_code == 2
    assert "no such source: plane; there are plain" in shown.output


@pytest.mark.parametrize("command", ["gateway", "replay"])
def test_without_a_file_or_a_key_both_are_said_and_nothing_starts(command: str) -> None:
    shown = run(command)
    assert shown.exit_code == 2
    assert "cannot read sources.toml" in shown.output
    assert "cannot read identity.key" in shown.output
    assert "stream-app sources init" in shown.output


def test_sources_shows_what_came_and_what_to_do(gateway: Running) -> None:
    person = {"do": "person", "email": ADDRESS, "time": "2026-03-02T09:14:03Z"}
    assert gateway.post(created(1), person, STAGE, {"do": "ignore"})[0] == 200
    assert gateway.send("POST", "/in/plain", b"[]")[0] == 401
    shown = run("sources", "--json", **environment(gateway))
    assert shown.exit_code == 0, shown.output
    (row,) = json.loads(shown.stdout)["sources"]
    assert row.pop("last")
    assert row == {
        "source": "plain",
        "items": {"mapped": 2, "parked": 1, "ignored": 1},
        "events": {"lead.created": 2},
        "parked": {"stage": 1},
        "refused": {"no signature": 1},
        "incomplete": {"source": {"count": 1, "effect": "unknown sources", "remedy": "import the contacts"}},
    }
    text = run("sources", **environment(gateway)).output
    for said in (
        "in the inbox 1 ignored, 2 mapped, 1 parked",
        "2 lead.created",
        "1 parked: stage",
        "stream-app replay --source plain --reason 'stage'",
        "1 without source: unknown sources",
        "import the contacts",
    ):
        assert said in text
    for secret in (ADDRESS, SECRET):
        assert secret not in text + shown.output


def test_sources_without_a_gateway_shows_the_inbox_and_says_so(gateway: Running) -> None:
    assert gateway.post(created(1))[0] == 200
    gateway.process.stop()
    shown = run("sources", **environment(gateway))
    assert shown.exit_code == 0
    assert "no gateway answers" in shown.output
    assert "in the inbox 1 mapped" in shown.output


def test_replay_says_what_it_did_and_what_is_left(gateway: Running, tmp_path: Path) -> None:
    assert gateway.post(created(1), STAGE, {"do": "raise", "email": ADDRESS})[0] == 200
    with (tmp_path / "sources.toml").open("a") as file:
        file.write('stages = { "8" = "mql" }\n')
    dry = run("replay", "--dry-run", **environment(gateway))
    assert dry.exit_code == 0, dry.output
    assert "3 items, 2 events would be sent" in dry.output
    shown = run("replay", "--reason", "stage", "--json", **environment(gateway))
    assert json.loads(shown.stdout) == {
        "items": {"mapped": 1},
        "events": {"lead.stage_changed": 1},
        "parked": {},
        "skipped": {},
    }
    rest = run("replay", **environment(gateway))
    assert "1 parked: bug: ValueError" in rest.output
    assert ADDRESS not in rest.output
    assert {json.loads(each.value)["id"] for each in gateway.logged("lead")} == {"e1", "stage:l8"}


def test_replay_with_another_identity_key_is_refused(gateway: Running, tmp_path: Path) -> None:
    assert gateway.post(created(1))[0] == 200
    (tmp_path / "identity.key").write_bytes(b"k" * 32)
    assert run("replay", "--dry-run", **environment(gateway)).exit_code == 0
    refused = run("replay", **environment(gateway))
    assert refused.exit_code == 5
    assert "bring that key back, or take a new namespace" in refused.output


def test_replay_of_a_source_that_is_not_configured_says_so(gateway: Running) -> None:
    shown = run("replay", "--source", "other", **environment(gateway))
    assert shown.exit_code == 2
    assert "sources.toml has no table [sources.other]" in shown.output
