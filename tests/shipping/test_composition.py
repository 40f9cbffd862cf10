"""docker-compose.yml: pinned, hardened, complete, and in agreement with settings, commands, rules and dashboards."""

import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distribution
from itertools import chain
from pathlib import Path
from typing import Any

import click
import pytest
from jsonschema.validators import validator_for
from ruamel.yaml import YAML

from stream_app import __version__
from stream_app.cli.alerts_file import alert_settings
from stream_app.clients.settings import Settings
from stream_app.monitoring.alerts.pipeline import EXPORTER_JOB, WORKER_JOB
from stream_app.spec.notification import Sink
from tests.monitoring.alerts.tools import run
from tests.shipping.commands import parse
from tests.shipping.composition import COMPOSITION, ONE_SHOTS, OURS, ROOT, SERVICES, mounted, mounts, option, size, yaml

each_service = pytest.mark.parametrize("name", SERVICES)
each_of_ours = pytest.mark.parametrize("name", sorted(OURS))
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def test_it_follows_the_schema_of_compose() -> None:
    # Not imported: only the schema is wanted of this package.
    carried = distribution("check-jsonschema").locate_file("check_jsonschema/builtin_schemas/vendor/compose-spec.json")
    schema = json.loads(Path(str(carried)).read_text())
    assert [error.message for error in validator_for(schema)(schema).iter_errors(COMPOSITION)] == []


# Hardening ------------------------------------------------------------------------------------------------------------


@each_service
def test_a_service_can_do_no_more_than_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.keys() & {"privileged", "cap_add", "devices", "pid", "ipc"}
    assert service.get("network_mode", "none") == "none"
    assert str(service.get("user", "")).partition(":")[0] not in {"0", "root"}


@each_service
def test_a_service_has_its_limits(name: str) -> None:
    service = SERVICES[name]
    assert size(service["mem_limit"]) <= 2 * 2**30
    assert service["pids_limit"] <= 512
    assert service["logging"]["options"]["max-size"]


@each_service
def test_an_image_is_pinned_to_a_release(name: str) -> None:
    assert re.fullmatch(r"[a-z/-]+:v?\d+\.\d+\.\d+(-[a-z]+)?", SERVICES[name]["image"])


@each_of_ours
def test_our_image_carries_our_version(name: str) -> None:
    assert SERVICES[name]["image"] == f"stream-app:{__version__}"


@each_service
def test_a_port_is_published_on_loopback_only(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:(\d+):\1", port)


@each_service
def test_a_file_of_the_repository_is_mounted_only_to_be_read_and_exists(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source, *_, mode = volume.split(":")
        if source.startswith("."):
            assert mode == "ro"
            assert (ROOT / source).exists()
        else:
            assert source in COMPOSITION["volumes"]


def test_every_volume_is_used() -> None:
    assert COMPOSITION["volumes"].keys() <= {source for name in SERVICES for source in mounts(name).values()}


def test_only_what_makes_the_secrets_can_write_them() -> None:
    writers = [name for name in SERVICES if "secrets:/data" in SERVICES[name].get("volumes", [])]
    readers = [name for name in SERVICES if "secrets:/run/secrets:ro" in SERVICES[name].get("volumes", [])]
    assert writers == ["secrets"]
    assert sorted(readers) == sorted([*OURS, "redis"])
    assert not [name for name, service in SERVICES.items() if "PASSWORD:" in str(service.get("environment"))]


# Start and health -----------------------------------------------------------------------------------------------------


@each_service
def test_a_service_that_stays_says_whether_it_is_well(name: str) -> None:
    check = SERVICES[name].get("healthcheck", {})
    if name in ONE_SHOTS:
        assert check == {"disable": True}
    elif name in OURS:
        assert check == _check_of_the_image()
    else:
        assert check["test"][0] in {"CMD", "CMD-SHELL"}
        assert check["start_period"]


def _check_of_the_image() -> dict[str, object]:
    """What the Dockerfile says; test_image.py runs it."""
    options, words = re.search(
        r"^HEALTHCHECK (.*) CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE
    ).groups()  # type: ignore[union-attr]
    check: dict[str, object] = {"test": ["CMD", *json.loads(words)]}
    for name, value in re.findall(r"--([a-z-]+)=(\S+)", options):
        check[name.replace("-", "_")] = int(value) if value.isdigit() else value
    return check


NEWER_THAN_DOCKER_24 = {
    "attach": "2.20.0",
    "include": "2.20.0",
    "develop": "2.22.0",
    "content": "2.23.1",
    "required": "2.24.0",
    "start_interval": "2.24.0",
    "entitlements": "2.27.1",
    "gpus": "2.30.0",
    "post_start": "2.30.0",
    "pre_stop": "2.30.0",
    "label_file": "2.32.2",
    "provider": "2.36.0",
    "models": "2.38.0",
}
"""Keys that the Compose of Docker 24.0 (2.18) does not know, by the version of Compose that brought them.

By https://docs.docker.com/reference/compose-file/; `start_interval` needs an engine of version 25 besides.
"""


def _keys(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield key
            yield from _keys(value)
    elif isinstance(node, list):
        for each in node:
            yield from _keys(each)


def test_docker_24_knows_every_key() -> None:
    assert not NEWER_THAN_DOCKER_24.keys() & set(_keys(COMPOSITION))


def test_podman_compose_reads_the_same_services(tmp_path: Path) -> None:
    """Without Podman: it only asks which version that is."""
    podman = tmp_path / "podman"
    podman.write_text('#!/bin/sh\necho "podman version 5.4.0"\n')
    podman.chmod(0o755)
    profiles = [f"--profile={each}" for each in sorted({*chain.from_iterable(map(_profiles, SERVICES.values()))})]
    read = subprocess.run(  # noqa: S603 - a program of the environment
        [Path(sys.executable).with_name("podman-compose"), "--podman-path", podman, *profiles, "config"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert read.returncode == 0, read.stderr
    found = YAML(typ="safe").load(read.stdout)["services"]
    assert found.keys() == SERVICES.keys()
    for name, service in SERVICES.items():
        assert found[name].get("depends_on", {}).keys() == service.get("depends_on", {}).keys()
        assert found[name].get("healthcheck", {}).keys() == service.get("healthcheck", {}).keys()
        assert [each.replace("$$", "$") for each in service.get("command", [])] == found[name].get("command", [])


def _profiles(service: dict[str, Any]) -> list[str]:
    profiles: list[str] = service.get("profiles", [])
    return profiles


@each_service
def test_a_service_waits_for_what_it_needs(name: str) -> None:
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        completed = how["condition"] == "service_completed_successfully"
        assert completed == (needed in ONE_SHOTS)
        assert completed or how["condition"] == "service_healthy"


@each_of_ours
def test_a_service_of_ours_starts_after_the_secrets_are_made(name: str) -> None:
    assert "secrets" in _before(name)


def _before(name: str) -> set[str]:
    needed = set(SERVICES[name].get("depends_on", {}))
    return needed.union(*(_before(each) for each in needed))


def test_workers_can_be_scaled_as_far_as_there_are_partitions() -> None:
    assert not SERVICES["worker"].keys() & {"container_name", "hostname", "ports", "expose"}
    assert int(option("topics", "--partitions")) >= 4


def test_only_what_not_everybody_wants_is_in_a_profile() -> None:
    assert {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service} == {
        "demo": ["demo"],
        "demo-past": ["demo"],
        "demo-blocks": ["demo"],
        "gateway": ["sources"],
        "history": ["history"],
        "blocks": ["history"],
    }


def test_the_past_is_written_where_the_blocks_are_made_from_it() -> None:
    file = Path(SERVICES["history"]["command"][-1])
    assert mounts("history")[str(file.parent)] == mounts("blocks")[str(file.parent)] == "history"
    *_, read, written = SERVICES["blocks"]["command"]
    assert (read, mounts("blocks")[written]) == (str(file), mounts("prometheus")[written])
    directory = f"install --directory --owner 10001 --group 10001 --mode 755 {file.parent} "
    assert directory in (ROOT / "Dockerfile").read_text()


def test_the_past_has_the_labels_that_prometheus_gives_to_a_scrape() -> None:
    jobs = yaml("prometheus/prometheus.yml")["scrape_configs"]
    scraped = next(each for each in jobs if each["job_name"] == "stream-app-exporter")
    (target,) = scraped["static_configs"][0]["targets"]
    labels = ["--label", f"job={scraped['job_name']}", "--label", f"instance={target}"]
    assert SERVICES["history"]["command"][:5] == ["history", *labels]
    assert ["history", *labels] in [words[:5] for words in _commands("demo-past")]


def test_the_past_of_the_demo_gets_into_prometheus_as_that_of_others_does() -> None:
    *_, (*_, file) = _commands("demo-past")
    assert file == SERVICES["history"]["command"][-1]
    assert SERVICES["demo-blocks"]["command"] == SERVICES["blocks"]["command"]
    assert mounts("demo-past") == mounts("demo") == mounts("history")
    assert SERVICES["demo"]["depends_on"].keys() == SERVICES["demo-blocks"]["depends_on"].keys() == {"demo-past"}


def test_what_the_gateway_is_set_to_stands_in_a_volume_of_the_images_user() -> None:
    directory = str(Path(SERVICES["gateway"]["environment"]["STREAM_APP_SOURCES_FILE"]).parent)
    assert mounts("gateway")[directory] == "sources"
    assert (
        f"install --directory --owner 10001 --group 10001 --mode 700 {directory}\n" in (ROOT / "Dockerfile").read_text()
    )


def test_what_is_rendered_goes_to_a_volume_of_the_images_user() -> None:
    # A new volume gets the owner of the folder that it is first mounted on.
    assert mounts("alerts")["/rendered"] == "rendered"
    assert "install --directory --owner 10001 --group 10001 --mode 755 /rendered " in (ROOT / "Dockerfile").read_text()


def test_what_doctor_advises_to_start_is_a_service() -> None:
    advised = re.findall(r"docker compose up -d (\w+)", (ROOT / "stream_app/admin/doctor.py").read_text())
    assert advised
    assert set(advised) <= SERVICES.keys()


# Settings and commands ------------------------------------------------------------------------------------------------


@each_of_ours
def test_every_variable_is_a_setting_that_is_accepted(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = SERVICES[name]["environment"]
    password = environment["STREAM_APP_REDIS_PASSWORD_FILE"]
    assert mounts(name)[str(Path(password).parent)] == "secrets"
    (tmp_path / "password").write_text("made")
    for variable, value in environment.items():
        default = re.sub(r"\$\{\w+:-(.*)\}", r"\1", value)
        monkeypatch.setenv(variable, str(tmp_path / "password") if value == password else default)
    settings = Settings.load()
    for variable in environment.keys() - {"STREAM_APP_REDIS_PASSWORD_FILE"}:
        assert variable.removeprefix("STREAM_APP_").lower() in Settings.model_fields
    assert settings.redis_password is not None
    assert settings.host == "0.0.0.0"  # noqa: S104 - the container's own network


@each_of_ours
def test_every_command_is_one_of_ours(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    for words in _commands(name):
        parse(words)


@pytest.mark.parametrize("words", [["simulate", "--ratio", "1"], ["topics", "destroy"], ["worker", "now"]])
def test_a_command_that_is_not_ours_would_be_noticed(words: list[str]) -> None:
    with pytest.raises(click.UsageError):
        parse(words)


def _commands(name: str) -> Iterator[list[str]]:
    service = SERVICES[name]
    if "entrypoint" not in service:
        yield service["command"]
        return
    (script,) = service["command"]
    script = script.replace("$$(cat /history/company)", "--seed 1 --until 2026-11-26T12:00:00Z")
    found = [shlex.split(part) for part in re.split(r"[|\n]", script) if not re.match(r"#|echo |$", part)]
    assert found
    for program, *words in found:
        assert program == "stream-app"
        yield words


# Kafka and the store --------------------------------------------------------------------------------------------------


def test_kafka_advertises_addresses_that_containers_and_the_host_reach() -> None:
    environment = SERVICES["kafka"]["environment"]
    advertised = dict(each.split("://") for each in environment["KAFKA_ADVERTISED_LISTENERS"].split(","))
    listening = dict(each.split("://") for each in environment["KAFKA_LISTENERS"].split(","))
    assert SERVICES["worker"]["environment"]["STREAM_APP_KAFKA_URL"] == f"kafka://{advertised['INSIDE']}"
    assert f"kafka://{advertised['HOST']}" == Settings.model_fields["kafka_url"].default
    assert SERVICES["kafka"]["ports"] == [f"{advertised['HOST']}:{listening['HOST'].removeprefix(':')}"]
    assert {name: address.rpartition(":")[2] for name, address in advertised.items()} == {
        name: address.rpartition(":")[2] for name, address in listening.items() if name != "CONTROLLER"
    }


def test_kafka_keeps_its_log_in_a_volume() -> None:
    assert mounts("kafka")[SERVICES["kafka"]["environment"]["KAFKA_LOG_DIRS"]] == "kafka"


def test_the_store_keeps_what_it_is_given_and_has_room_to_rewrite_its_file() -> None:
    assert option("redis", "--appendonly") == "yes"
    assert option("redis", "--maxmemory-policy") == "noeviction"
    assert mounts("redis")["/data"] == "redis"
    assert size(SERVICES["redis"]["mem_limit"]) >= 2 * size(option("redis", "--maxmemory"))


# Prometheus, Alertmanager, Grafana ------------------------------------------------------------------------------------


def test_prometheus_scrapes_the_jobs_of_the_rules_where_they_listen() -> None:
    config = yaml("prometheus/prometheus.yml")
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    names = ("exporter_port", "worker_port", "gateway_port", "gateway_metrics_port")
    ports = {name: Settings.model_fields[name].default for name in names}
    assert jobs[EXPORTER_JOB]["static_configs"] == [{"targets": [f"exporter:{ports['exporter_port']}"]}]
    (found,) = jobs[WORKER_JOB]["dns_sd_configs"]
    assert (found["names"], found["type"], found["port"]) == (["worker"], "A", ports["worker_port"])
    (found,) = jobs["stream-app-gateway"]["dns_sd_configs"]
    assert (found["names"], found["type"], found["port"]) == (["gateway"], "A", ports["gateway_metrics_port"])
    assert SERVICES["gateway"]["ports"] == [f"127.0.0.1:{ports['gateway_port']}:{ports['gateway_port']}"]
    assert {"exporter", "worker", "gateway"} <= SERVICES.keys()
    assert SERVICES["exporter"]["ports"] == [f"127.0.0.1:{ports['exporter_port']}:{ports['exporter_port']}"]


def test_prometheus_scrapes_as_often_as_the_dashboards_assume() -> None:
    (source,) = yaml("grafana/provisioning/datasources/prometheus.yml")["datasources"]
    assert yaml("prometheus/prometheus.yml")["global"]["scrape_interval"] == source["jsonData"]["timeInterval"]


def test_prometheus_sends_its_alerts_to_the_alertmanager() -> None:
    (managers,) = yaml("prometheus/prometheus.yml")["alerting"]["alertmanagers"]
    assert managers["static_configs"] == [{"targets": ["alertmanager:9093"]}]
    assert SERVICES["alertmanager"]["ports"] == ["127.0.0.1:9093:9093"]


def test_prometheus_accepts_what_is_mounted(tmp_path: Path) -> None:
    shutil.copy(mounted("prometheus", option("prometheus", "--config.file")), tmp_path / "prometheus.yml")
    assert mounts("prometheus")["/etc/prometheus/rendered"] == "rendered"
    rendered(tmp_path / "rendered")
    code, said = run("promtool", "check", "config", tmp_path / "prometheus.yml")
    assert code == 0, said
    rules = sorted(path.name for path in (tmp_path / "rendered/prometheus/rules").glob("*.yml"))
    assert rules == sorted(re.findall(r"Checking \S*/rules/(\S+)", said))
    assert rules


def test_prometheus_keeps_samples_for_longer_than_any_rule_looks_back() -> None:
    text = "".join(path.read_text() for path in sorted((ROOT / "prometheus/rules").glob("*.yml")))
    offsets = [_seconds(each) for each in re.findall(r"offset (\w+)", text)]
    ranges = [_seconds(each) for each in re.findall(r"\[(\w+)[\]:]", text)]
    assert _seconds(option("prometheus", "--storage.tsdb.retention.time")) > max(offsets) + max(ranges)
    assert max(offsets) > _seconds("15d"), "Prometheus' own default would do"


def _seconds(duration: str) -> int:
    return sum(int(number) * _SECONDS[unit] for number, unit in re.findall(r"(\d+)([smhdw])", duration))


def rendered(out: Path) -> None:
    """Do what the service `alerts` does, into another folder."""
    (target,) = (word for word in SERVICES["alerts"]["command"] if word.startswith("/"))
    assert mounts("alerts")[target] == "rendered"
    words = [str(out) if word == target else word for word in SERVICES["alerts"]["command"]]
    file = mounted("alerts", SERVICES["alerts"]["environment"]["STREAM_APP_ALERTS_FILE"])
    command = [sys.executable, "-m", "stream_app.cli", *words]
    environment = {**os.environ, "STREAM_APP_ALERTS_FILE": str(file)}
    subprocess.run(command, check=True, timeout=60, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603 - our own


def test_alertmanager_accepts_what_is_rendered_for_it(tmp_path: Path) -> None:
    config = Path(option("alertmanager", "--config.file")).relative_to("/etc/alertmanager/rendered")
    assert mounts("alertmanager")["/etc/alertmanager/rendered"] == "rendered"
    rendered(tmp_path)
    code, said = run("amtool", "check-config", tmp_path / config)
    assert code == 0, said


def test_the_sink_shows_what_nobody_is_sent() -> None:
    notification = alert_settings(Settings.load(alerts_file=str(ROOT / "deploy/alerts/alerts.toml"))).notification
    port = Settings.model_fields["alert_sink_port"].default
    assert {receiver.url for receiver in notification.receivers.values() if isinstance(receiver, Sink)} == {
        f"http://sink:{port}"
    }
    assert SERVICES["sink"]["ports"] == [f"127.0.0.1:{port}:{port}"]


def test_the_secrets_of_receivers_are_no_files_of_the_repository() -> None:
    assert mounts("alertmanager")["/alerts"] == mounts("alerts")["/alerts"] == "./deploy/alerts"
    assert "*.secret" in (ROOT / "deploy/alerts/.gitignore").read_text().splitlines()


@pytest.mark.parametrize(
    ("name", "data"),
    [("prometheus", "--storage.tsdb.path"), ("alertmanager", "--storage.path")],
)
def test_what_has_to_outlive_the_container_is_in_a_volume(name: str, data: str) -> None:
    assert mounts(name)[option(name, data)] == name


def test_grafana_shows_the_wall_to_everybody() -> None:
    environment = SERVICES["grafana"]["environment"]
    assert environment["GF_AUTH_ANONYMOUS_ENABLED"] == "true"
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    home = mounted("grafana", environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert json.loads(home.read_text())["uid"] == "stream-app-wall"


def test_grafana_finds_what_is_provisioned() -> None:
    (source,) = yaml("grafana/provisioning/datasources/prometheus.yml")["datasources"]
    (provider,) = yaml("grafana/provisioning/dashboards/stream-app.yml")["providers"]
    assert source["url"] == "$PROMETHEUS_URL"
    assert SERVICES["grafana"]["environment"]["PROMETHEUS_URL"] == "http://prometheus:9090"
    assert mounted("grafana", provider["options"]["path"]) == ROOT / "grafana/dashboards"
    assert mounts("grafana")["/etc/grafana/provisioning"] == "./grafana/provisioning"
