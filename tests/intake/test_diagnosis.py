"""What doctor says of a gateway and its sources."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from stream_app.admin.doctor import Finding
from stream_app.clients.ports import free_port
from stream_app.clients.settings import Settings
from stream_app.intake.diagnosis import accounts_are_joined, diagnose_sources
from stream_app.intake.status import Counted
from stream_app.sources.paths import parsed, text
from stream_app.sources.source import Item
from stream_app.sources.stripe import STRIPE
from tests.intake.declared import DECLARED, PLAIN, created
from tests.intake.running import Running
from tests.system.installation import Installation


def _findings(directory: Path, metrics_port: str) -> dict[str, Finding]:
    settings = Settings.load(sources_file=str(directory / "sources.toml"), gateway_metrics_port=metrics_port)
    return {each.check: each for each in diagnose_sources(settings, DECLARED, ())}


def _set_public_url(directory: Path, url: str) -> None:
    file = directory / "sources.toml"
    file.write_text(f'[gateway]\npublic_url = "{url}"\n{file.read_text()}')


def test_without_a_sources_file_nothing_is_said(tmp_path: Path) -> None:
    assert _findings(tmp_path, "0") == {}


def test_a_gateway_that_is_reached_from_outside_is_fine(installation: Installation, tmp_path: Path) -> None:
    gateway = Running(installation, tmp_path).ready()
    _set_public_url(tmp_path, f"http://127.0.0.1:{gateway.at}")
    found = _findings(tmp_path, gateway.metrics_at)
    assert {check: each.status for check, each in found.items()} == {
        "sources": "ok",
        "gateway": "ok",
        "public url": "ok",
    }
    assert found["sources"].detail.startswith("plain; identity key ")


def test_a_gateway_that_does_not_run_is_a_warning_with_its_command(gateway: Running, tmp_path: Path) -> None:
    _set_public_url(tmp_path, f"http://127.0.0.1:{free_port()}")
    found = _findings(tmp_path, str(free_port()))
    assert (found["gateway"].status, found["gateway"].fix) == ("warning", "stream-app gateway")
    assert found["public url"].status == "warning"
    assert "ConnectionRefusedError" in found["public url"].detail
    gateway.process.kill()


def test_a_path_that_no_gateway_has_is_a_warning(gateway: Running, tmp_path: Path) -> None:
    _set_public_url(tmp_path, f"http://127.0.0.1:{gateway.at}/behind/a/prefix")
    assert _findings(tmp_path, gateway.metrics_at)["public url"].detail.endswith("/in/plain: answers 404")


def test_no_public_url_is_a_warning(gateway: Running, tmp_path: Path) -> None:
    assert "public_url" in _findings(tmp_path, gateway.metrics_at)["public url"].fix


def test_a_secret_that_cannot_be_read_is_a_failure(gateway: Running, tmp_path: Path) -> None:
    (tmp_path / "plain.secret").unlink()
    found = _findings(tmp_path, gateway.metrics_at)["sources"]
    assert (found.status, found.fix) == ("failed", "stream-app sources check")
    assert "plain.secret" in found.detail


@pytest.mark.parametrize(("merges", "warnings"), [(0, 1), (1, 0)])
def test_accounts_that_nothing_joins_are_a_warning(merges: int, warnings: int) -> None:
    stripe = Counted(events=Counter({"account.merged": merges}), incomplete=Counter({"account_id": 7}))
    found = [*accounts_are_joined({"stripe": stripe})]
    assert len(found) == warnings
    assert all("7 subscriptions of stripe" in each.detail for each in found)


def _item(version: str) -> dict[str, object]:
    return {"do": "ignore", "version": version}


VERSIONED = replace(PLAIN, newest_version="2025-02-24.acacia", version=lambda item: text(parsed(item.raw), "version"))


def _version(gateway: Running, directory: Path) -> list[Finding]:
    made = gateway.installation
    settings = Settings.load(
        kafka_url=f"kafka://{made.cluster.address}",
        namespace=made.namespace,
        sources_file=str(directory / "sources.toml"),
        gateway_metrics_port=gateway.metrics_at,
    )
    found = diagnose_sources(settings, {"plain": VERSIONED}, ())
    return [each for each in found if each.check == "plain version"]


def test_the_version_of_the_last_item_is_looked_at(gateway: Running, tmp_path: Path) -> None:
    assert _version(gateway, tmp_path) == []
    assert gateway.post(_item("2025-02-24.acacia"))[0] == 200
    (older,) = _version(gateway, tmp_path)
    assert (older.status, older.detail) == ("ok", "the last item follows 2025-02-24.acacia")
    assert gateway.post(_item("2025-09-30.clover"))[0] == 200
    (newer,) = _version(gateway, tmp_path)
    assert newer.status == "warning"
    assert newer.detail == "the last item follows 2025-09-30.clover, which lacks what 2025-02-24.acacia has"
    assert "docs/sources/plain.md" in newer.fix


def test_an_item_that_names_no_version_is_not_judged(gateway: Running, tmp_path: Path) -> None:
    assert gateway.post(created(1))[0] == 200
    assert _version(gateway, tmp_path) == []


def test_stripe_says_its_version() -> None:
    body = msgspec.json.encode({"id": "evt_1", "api_version": "2025-09-30.clover"})
    assert STRIPE.version is not None
    assert STRIPE.version(Item("evt_1", body, 0)) == "2025-09-30.clover"
    assert STRIPE.version(Item("evt_1", b'{"api_version": null}', 0)) == ""
    assert STRIPE.version(Item("evt_1", b"no JSON", 0)) == ""
