"""Settings come from flags, the environment and files, in this order, and never give away a secret."""

import traceback
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from stream_app.clients.settings import SECRETS, Settings

SECRET = "hunter2-correct-horse"  # noqa: S105 - what must not be seen


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"STREAM_APP_{name.upper()}", raising=False)
        monkeypatch.delenv(f"STREAM_APP_{name.upper()}_FILE", raising=False)


def test_everything_has_a_default() -> None:
    settings = Settings.load()
    assert settings.brokers == "127.0.0.1:9092"
    assert settings.redis_url == "redis://127.0.0.1:6379/0"
    assert settings.consumer_group == settings.namespace == "lifecycle"
    assert settings.topic("lead") == "lifecycle.lead"


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("KAFKA_URL", "kafka://a:1,b:2", "kafka://a:1,b:2"),
        ("REDIS_URL", "rediss://store:6380/2", "rediss://store:6380/2"),
        ("NAMESPACE", "acme", "acme"),
        ("TIMEZONE", "America/New_York", "America/New_York"),
        ("HOST", "0.0.0.0", "0.0.0.0"),  # noqa: S104 - only parsed
        ("EXPORTER_PORT", "1234", 1234),
        ("WORKER_PORT", "0", 0),
        ("HORIZON_DAYS", "100", 100),
        ("STEP_LIMIT_DAYS", "0.5", 0.5),
        ("BATCH_EVENTS", "10", 10),
        ("FLOOD_RATIO", "1", 1.0),
    ],
)
def test_each_setting_has_an_environment_variable_that_a_flag_overrides(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, value: object
) -> None:
    field = name.lower()
    default = getattr(Settings.load(), field)
    monkeypatch.setenv(f"STREAM_APP_{name}", text)
    assert getattr(Settings.load(), field) == value
    assert getattr(Settings.load(**{field: default}), field) == default
    assert getattr(Settings.load(**{field: None}), field) == value


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_are_read_from_flag_then_environment_then_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "secret"
    file.write_text("from-file\n")
    monkeypatch.setenv(f"STREAM_APP_{name.upper()}_FILE", str(file))
    assert getattr(Settings.load(), name).get_secret_value() == "from-file"
    monkeypatch.setenv(f"STREAM_APP_{name.upper()}", "from-environment")
    assert getattr(Settings.load(), name).get_secret_value() == "from-environment"
    assert getattr(Settings.load(**{name: "from-flag"}), name).get_secret_value() == "from-flag"


def test_a_missing_secrets_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAM_APP_REDIS_PASSWORD_FILE", "/nowhere/secret")
    with pytest.raises(OSError, match="/nowhere/secret"):
        Settings.load()


def test_secrets_are_masked_in_what_is_printed() -> None:
    settings = Settings.load(
        kafka_security="sasl_ssl", kafka_username="app", kafka_password=SECRET, redis_password=SECRET
    )
    assert settings.kafka_password is not None
    assert settings.kafka_password.get_secret_value() == SECRET
    shown = [repr(settings), str(settings), repr(settings.model_dump()), settings.model_dump_json()]
    assert [text for text in shown if SECRET in text] == []


@pytest.mark.parametrize(
    "given",
    [
        {"kafka_password": SECRET, "kafka_security": "sasl_ssl"},
        {"kafka_password": SECRET, "namespace": "Not Allowed"},
        {"redis_password": SECRET, "exporter_port": 0},
        {"redis_password": [SECRET]},
        {"redis_url": f"redis://app:{SECRET}@store:6379/0"},
        {"redis_url": f"redis://:{SECRET}@store:6379/0"},
        {"redis_url": f"redis://store:6379/0?password={SECRET}"},
        {"redis_url": f"redis://store:6379/0?db=1&password={SECRET}"},
        {"kafka_url": f"kafka://app:{SECRET}@a:9092"},
        {"kafka_url": f"kafka://a:9092,app:{SECRET}@b:9092"},
        {"kafka_url": f"kafka://app:{SECRET}@a:9092,b:9092"},
    ],
)
def test_an_error_does_not_give_away_a_secret(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as raised:
        Settings.load(**given)
    shown = str(raised.value) + repr(raised.value) + "".join(traceback.format_exception(raised.value))
    assert SECRET not in shown


@pytest.mark.parametrize(
    "given",
    [
        {"namespace": "UPPER"},
        {"namespace": ""},
        {"namespace": "a" * 64},
        {"timezone": "Mars/Olympus"},
        {"timezone": "../../etc/passwd"},
        {"kafka_url": "127.0.0.1:9092"},
        {"redis_url": "http://127.0.0.1"},
        {"redis_url": "rediss://store:6380/0?ssl_cert_reqs=none"},
        {"horizon_days": 99},
        {"flood_ratio": 0},
        {"batch_events": 0},
        {"kafka_security": "none"},
        {"kafka_security": "sasl_ssl", "kafka_username": "app"},
    ],
)
def test_invalid_settings_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings.load(**given)


def test_a_setting_that_was_replaced_is_an_error_that_names_its_successor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAM_APP_LABEL_LIMIT", "100")
    with pytest.raises(ValidationError, match="STREAM_APP_LABEL_LIMIT is replaced by STREAM_APP_SERIES_LIMIT"):
        Settings.load()


@pytest.mark.parametrize("brokers", ["", "a", "a:", ":9092", "a:kafka", "a:0", "a:65536", "a:9092,b", "a:9092,"])
def test_a_broker_without_host_or_port_is_refused(brokers: str) -> None:
    with pytest.raises(ValidationError, match=r"kafka_url\n.*host:port") as raised:
        Settings.load(kafka_url=f"kafka://{brokers}")
    assert raised.value.error_count() == 1


def test_the_address_of_each_broker_is_read_from_the_url() -> None:
    settings = Settings.load(kafka_url="kafka://a:9092, b.example:1,[::1]:65535/")
    assert settings.broker_addresses == [("a", 9092), ("b.example", 1), ("::1", 65535)]
