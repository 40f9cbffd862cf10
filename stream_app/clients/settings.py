"""Settings: environment variables `STREAM_APP_…`, their command-line twins, and secrets from files."""

import os
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, FilePath, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from stream_app.clients.store_url import StoreUrl, parse
from stream_app.core.calendar import Calendar
from stream_app.core.facts import DAY_MS, FoldSettings
from stream_app.core.limits import SERIES_LIMIT
from stream_app.core.windows import HOUR_MS, MINUTE_MS

PREFIX = "STREAM_APP_"
REPLACED = {"LABEL_LIMIT": "SERIES_LIMIT"}
SECRETS = ("kafka_password", "redis_password", "redis_sentinel_password", "detail_token")
_LAST_PORT = 65_535


def _brokers(url: str) -> str:
    return url.removeprefix("kafka://").rstrip("/")


def _host_and_port(broker: str) -> tuple[str, int]:
    host, _, port = broker.strip().rpartition(":")
    if not host or not (port.isdecimal() and 1 <= int(port) <= _LAST_PORT):
        msg = "each broker must be host:port, for example kafka://broker-1:9092,broker-2:9092"
        raise ValueError(msg)
    return host.strip("[]"), int(port)


class Settings(BaseSettings):
    """Everything that can be set. A secret may also stand in a file that `STREAM_APP_<NAME>_FILE` names."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True)

    kafka_url: str = Field(
        "kafka://127.0.0.1:9092", description="Kafka brokers, each as host:port, comma-separated after kafka://."
    )
    kafka_security: Literal["plaintext", "ssl", "sasl_ssl", "sasl_plaintext"] = Field(
        "plaintext", description="How to talk to Kafka; sasl_plaintext sends the password in the clear."
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="SASL mechanism."
    )
    kafka_username: str | None = Field(None, description="SASL user.")
    kafka_password: SecretStr | None = Field(None, description="SASL password; better in a file (…_FILE).")
    kafka_ca_file: FilePath | None = Field(
        None, description="CA certificates that sign the brokers' (system's if left out)."
    )
    kafka_cert_file: FilePath | None = Field(None, description="Client certificate for mutual TLS.")
    kafka_key_file: FilePath | None = Field(None, description="Key of the client certificate.")
    redis_url: str = Field(
        "redis://127.0.0.1:6379/0",
        description="Redis or Valkey: a server, sentinels (redis+sentinel://host:26379,host:26379/service/0) or a "
        "cluster (redis+cluster://host:6379,host:6379); with rediss for TLS.",
    )
    redis_username: str | None = Field(None, description="ACL user.")
    redis_password: SecretStr | None = Field(None, description="Its password; better in a file (…_FILE).")
    redis_sentinel_username: str | None = Field(
        None, description="ACL user of the sentinels, which take nothing from redis_username."
    )
    redis_sentinel_password: SecretStr | None = Field(
        None, description="The sentinels' password (none if left out); better in a file (…_FILE)."
    )
    redis_ca_file: FilePath | None = Field(
        None, description="CA certificates that sign the store's (system's if left out)."
    )
    namespace: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")] = Field(
        "lifecycle", description="Prefix of topics and keys; one per tenant or brand."
    )
    group: str | None = Field(None, description="Kafka consumer group (the namespace if left out).")
    instance_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,248}$")] | None = Field(
        None,
        description="A worker's own name, the same after a restart (group.instance.id of Kafka 2.3 or newer): it has "
        "its partitions back without a rebalance then. No two workers may share one.",
    )
    timezone: str = Field(
        "UTC", description="Business time zone of days and months, as in America/New_York; changing it needs a rebuild."
    )
    host: str = Field(
        "127.0.0.1", description="Address that the exporter, the gateway and the worker's health listen on."
    )
    exporter_port: Annotated[int, Field(ge=1, le=65535)] = Field(9464, description="Port of the exporter.")
    worker_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        9465, description="Port of the worker's own metrics and health; 0 = off."
    )
    allowed_hosts: str = Field(
        "",
        description="Names, separated by commas, that HTTP requests may be addressed to, besides those of loopback; "
        "* = any. If left out: any, unless host is loopback.",
    )
    detail: Literal["on", "off"] = Field(
        "off", description="Whether the exporter shows who is behind a number, by ids: see docs/details.md."
    )
    detail_token: SecretStr | None = Field(
        None,
        description="What has to be presented to see that, unless only this machine is answered; better in a file "
        "(…_FILE).",
    )
    crm_link: str = Field(
        "", description="Where a lead stands in the CRM, as in https://crm.example.com/contacts/{lead_id}."
    )
    gateway_port: Annotated[int, Field(ge=1, le=65535)] = Field(9466, description="Port that sources post to.")
    gateway_metrics_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        9467, description="Port of the gateway's own metrics and health; 0 = off."
    )
    alerts_file: str = Field("alerts.toml", description="The file that says who is notified of alerts, and of which.")
    alertmanager_url: Annotated[str, Field(pattern=r"^https?://[^/?#@\s]+(/[^?#@\s]*)?$")] = Field(
        "http://127.0.0.1:9093", description="Where Alertmanager answers."
    )
    alert_sink_port: Annotated[int, Field(ge=1, le=65535)] = Field(
        9468, description="Port of the page that shows what alerts would have been sent."
    )
    sources_file: str = Field("sources.toml", description="The file that says which sources there are.")
    targets_file: str = Field("targets.toml", description="The file that says what the tiles of the wall should reach.")
    identity_key_file: FilePath | None = Field(
        None, description="Key that e-mail addresses are turned into ids with (identity.key beside the sources' file)."
    )
    horizon_days: Annotated[int, Field(ge=100)] = Field(
        400, description="How long events are remembered to tell copies from new ones; changing it needs a rebuild."
    )
    step_limit_days: Annotated[float, Field(gt=0, le=3650)] = Field(
        7, description="When a step falls due whose event has no due_at; changing it needs a rebuild."
    )
    program_credit_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        90, description="How long a program is credited for an enrollment after it began; changing it needs a rebuild."
    )
    follow_up_hours: Annotated[int, Field(ge=1, le=8760)] = Field(
        24, description="Hours in which sales should follow up an MQL; changing it needs a rebuild."
    )
    follow_up_days: Literal["all", "weekdays"] = Field(
        "all", description="Days on which that time passes: `all` or `weekdays`; changing it needs a rebuild."
    )
    swap_grace_minutes: Annotated[int, Field(ge=0, le=44640)] = Field(
        60,
        description="Minutes without MRR after which an account that pays again was lost; 0 = at once; "
        "changing it needs a rebuild.",
    )
    batch_events: Annotated[int, Field(ge=1, le=50_000)] = Field(
        16_000, description="Most events applied at once; they are fewer if they have more than 4,000 keys."
    )
    max_batch_bytes: Annotated[int, Field(ge=1_048_576, le=1_073_741_824)] = Field(
        32 * 1024 * 1024,
        description="Most bytes that a compressed batch of records may decompress to; a larger one is a dead letter.",
    )
    cached_entities: Annotated[int, Field(ge=0)] = Field(50_000, description="Entities that a worker keeps in memory.")
    series_limit: Annotated[int, Field(ge=1, le=100_000)] = Field(
        SERIES_LIMIT, description="Label combinations of a metric that are exported; the rest is summed as `other`."
    )
    flood_ratio: Annotated[float, Field(gt=0, le=1)] = Field(
        0.5, description="Share of rejected among a topic's last 1,000 records beyond which its intake stops."
    )
    session_timeout_s: Annotated[float, Field(ge=1, le=300)] = Field(
        30, description="Seconds after which a worker that died or hangs is taken for gone, and others take over."
    )
    watch_interval_s: Annotated[float, Field(gt=0, le=60)] = Field(
        5, description="Seconds between looks at whether the store still has what was applied."
    )
    gross_margin: Annotated[float, Field(gt=0, le=1)] = Field(
        0.8, description="Gross margin for ROMI, CLV and CAC payback."
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            msg = "no time zone of that name; one looks like Europe/Berlin"
            raise ValueError(msg) from None
        return value

    @field_validator("kafka_url", "redis_url")
    @classmethod
    def _no_password_in_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.password or "password" in parse_qs(parts.query, keep_blank_values=True):
            msg = "a URL is printed, so it must not hold a password: use …_USERNAME and …_PASSWORD_FILE"
            raise ValueError(msg)
        return value

    @field_validator("kafka_url")
    @classmethod
    def _kafka_scheme(cls, value: str) -> str:
        if not value.startswith("kafka://"):
            msg = "must begin with kafka://"
            raise ValueError(msg)
        for broker in _brokers(value).split(","):
            _host_and_port(broker)
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_scheme(cls, value: str) -> str:
        parse(value)
        if "ssl_cert_reqs" in value or "ssl_check_hostname" in value:
            msg = "certificates are always checked; set STREAM_APP_REDIS_CA_FILE for an authority of your own"
            raise ValueError(msg)
        return value

    @field_validator("crm_link")
    @classmethod
    def _link_of_a_lead(cls, value: str) -> str:
        if value and not (value.startswith(("https://", "http://")) and "{lead_id}" in value):
            msg = "must begin with https:// or http:// and contain {lead_id}"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _without_replaced(self) -> Self:
        for name, replacement in REPLACED.items():
            if PREFIX + name in os.environ:
                msg = f"{PREFIX}{name} is replaced by {PREFIX}{replacement}: see docs/configuration.md"
                raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kafka_security.startswith("sasl") and not (self.kafka_username and self.kafka_password):
            msg = f"kafka_security {self.kafka_security} needs kafka_username and kafka_password (or …_PASSWORD_FILE)"
            raise ValueError(msg)
        return self

    def file(self, name: str) -> Path | None:
        """The file that the setting `name` names; None where nobody has named one and there is none."""
        path = Path(getattr(self, name))
        return path if name in self.model_fields_set or path.exists() else None

    @classmethod
    def load(cls, **given: Any) -> Self:  # noqa: ANN401 - whatever the fields take
        """Settings from what is given, then the environment, then files. Raises pydantic.ValidationError or OSError."""
        for name in SECRETS:
            path = os.environ.get(f"{PREFIX}{name.upper()}_FILE")
            if path and given.get(name) is None and f"{PREFIX}{name.upper()}" not in os.environ:
                given[name] = Path(path).read_text(encoding="utf-8").strip()
        return cls(**{name: value for name, value in given.items() if value is not None})

    @property
    def brokers(self) -> str:
        """The brokers as `host:port,host:port`."""
        return _brokers(self.kafka_url)

    @property
    def broker_addresses(self) -> list[tuple[str, int]]:
        """Host and port of each broker of `kafka_url`; an IPv6 address without its brackets."""
        return [_host_and_port(broker) for broker in self.brokers.split(",")]

    @property
    def store(self) -> StoreUrl:
        """Where the store is."""
        return parse(self.redis_url)

    @property
    def consumer_group(self) -> str:
        """The Kafka consumer group of the workers."""
        return self.group or self.namespace

    @property
    def rules(self) -> FoldSettings:
        """The settings on which numbers depend."""
        return FoldSettings(
            Calendar(self.timezone),
            self.horizon_days * DAY_MS,
            round(self.step_limit_days * DAY_MS),
            program_credit_ms=self.program_credit_days * DAY_MS,
            follow_up_ms=self.follow_up_hours * HOUR_MS,
            follow_up_weekdays=self.follow_up_days == "weekdays",
            swap_grace_ms=self.swap_grace_minutes * MINUTE_MS,
        )

    @property
    def step_limit(self) -> timedelta:
        """When a step falls due whose event has no `due_at`."""
        return timedelta(days=self.step_limit_days)

    def topic(self, suffix: str) -> str:
        """The full name of a topic."""
        return f"{self.namespace}.{suffix}"

    def tls(self) -> ssl.SSLContext | None:
        """The TLS context for Kafka, None without TLS."""
        if not self.kafka_security.endswith("ssl"):
            return None
        context = ssl.create_default_context(cafile=self.kafka_ca_file)
        if self.kafka_cert_file:
            context.load_cert_chain(self.kafka_cert_file, self.kafka_key_file)
        return context
