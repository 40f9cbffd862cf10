"""What docs/configuration.md says of the settings, against what the settings do."""

import pytest

from stream_app.catalog.fingerprint import fingerprint
from stream_app.cli.described_settings import described_settings
from stream_app.clients.settings import Settings
from stream_app.render.configuration_page import PATH, configuration_page

DESCRIBED = {each.name: each for each in described_settings()}
DEFAULTS = Settings.load()
OTHER_VALUES = {"timezone": "Europe/Berlin"} | {
    name: value / 2 if isinstance(value, float) else value + 1
    for name, value in DEFAULTS
    if isinstance(value, int | float)
}


def test_the_page_has_every_setting_once() -> None:
    lines = configuration_page(DESCRIBED.values())[PATH].splitlines()
    for each in DESCRIBED.values():
        assert len([line for line in lines if line.startswith(f"| `{each.variable}` |")]) == 1


@pytest.mark.parametrize("name", OTHER_VALUES)
def test_a_setting_that_needs_a_rebuild_says_so(name: str) -> None:
    changed = Settings.load(**{name: OTHER_VALUES[name]})
    needs_rebuild = fingerprint(changed.rules) != fingerprint(DEFAULTS.rules)
    assert ("needs a rebuild" in DESCRIBED[name].description) == needs_rebuild


def test_a_value_outside_the_stated_limits_is_refused() -> None:
    assert DESCRIBED["horizon_days"].allowed == "whole number, at least 100"
    with pytest.raises(ValueError, match="horizon_days"):
        Settings.load(horizon_days=99)
    assert DESCRIBED["flood_ratio"].allowed == "number, more than 0, at most 1"
    with pytest.raises(ValueError, match="flood_ratio"):
        Settings.load(flood_ratio=1.1)


def test_only_passwords_and_the_token_are_secrets() -> None:
    secrets = {"kafka_password", "redis_password", "redis_sentinel_password", "detail_token"}
    assert {name for name, each in DESCRIBED.items() if each.secret} == secrets
