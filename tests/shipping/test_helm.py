"""deploy/helm: accepted by helm, hardened, without a secret in a variable, and in agreement with the settings."""

import json
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from stream_app import __version__
from stream_app.clients.settings import PREFIX, SECRETS, Settings
from tests.shipping.composition import ROOT, yaml

CHART = ROOT / "deploy/helm/stream-app"
COMPONENTS = ("worker", "exporter", "gateway")
PORTS = {"worker": "worker_port", "exporter": "exporter_port", "gateway": "gateway_port"}
# Everything that can be switched on.
FULL = {
    "kafka": {
        "url": "kafka://a:9093,b:9093",
        "security": "sasl_ssl",
        "username": "stream-app",
        "passwordSecret": {"name": "kafka", "key": "password"},
    },
    "redis": {
        "url": "rediss://store:6379/0",
        "username": "stream-app",
        "passwordSecret": {"name": "redis", "key": "password"},
        "sentinelPasswordSecret": {"name": "sentinel", "key": "password"},
        "caSecret": {"name": "redis-ca", "key": "ca.crt"},
    },
    "settings": {"STREAM_APP_TIMEZONE": "Europe/Berlin", "STREAM_APP_HORIZON_DAYS": "500"},
    "alerts": "# nobody\n",
    "targets": "# nothing\n",
    "exporter": {
        "username": "exporter",
        "passwordSecret": {"name": "redis-exporter", "key": "password"},
        "detailTokenSecret": {"name": "detail", "key": "token"},
    },
    "gateway": {"enabled": True, "sourcesSecret": "sources"},
    "networkPolicy": {"enabled": True},
}
each_component = pytest.mark.parametrize("component", COMPONENTS)


def _helm(*words: str) -> tuple[int, str]:
    program = shutil.which("helm")
    if program is None:
        pytest.skip("no helm on this machine: .ci/install-tools")
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False, timeout=120)  # noqa: S603
    return done.returncode, done.stdout + done.stderr


def _template(*words: str) -> tuple[int, str]:
    # A helm that is built from source takes Kubernetes for 1.20.
    return _helm("template", "lifecycle", str(CHART), "--kube-version", "1.31.0", *words)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Return what is rendered with everything on."""
    values = tmp_path_factory.mktemp("helm") / "values.json"
    values.write_text(json.dumps(FULL))
    return _manifests("--values", str(values))


def _manifests(*words: str) -> list[dict[str, Any]]:
    code, said = _template(*words)
    assert code == 0, said
    return [each for each in YAML(typ="safe").load_all(said) if each]


def _of(manifests: list[dict[str, Any]], component: str) -> dict[str, Any]:
    (found,) = (
        each
        for each in manifests
        if each["kind"] in {"Deployment", "StatefulSet"}
        and each["metadata"]["labels"]["app.kubernetes.io/component"] == component
    )
    spec: dict[str, Any] = found["spec"]
    return spec


def _container(manifests: list[dict[str, Any]], component: str) -> dict[str, Any]:
    (container,) = _of(manifests, component)["template"]["spec"]["containers"]
    out: dict[str, Any] = container
    return out


def _environment(manifests: list[dict[str, Any]], component: str) -> dict[str, str]:
    """Return the variables that have a value."""
    listed = _container(manifests, component)["env"]
    assert len({each["name"] for each in listed}) == len(listed)
    return {each["name"]: each["value"] for each in listed if "value" in each}


# The chart's files ----------------------------------------------------------------------------------------------------


def test_the_chart_carries_our_version() -> None:
    chart = yaml("deploy/helm/stream-app/Chart.yaml")
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)


def test_every_value_has_a_comment_of_one_line_above_it() -> None:
    lines = (CHART / "values.yaml").read_text().splitlines()
    bare = [
        line
        for before, line in pairwise(lines)
        if ": " in line and not line.strip().startswith("#") and not before.strip().startswith("#")
    ]
    assert [line for line in bare if not line.startswith("    ")] == []
    assert len(lines) > 50


def test_the_schema_takes_each_setting_without_a_place_of_its_own() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    listed = set(schema["properties"]["settings"]["propertyNames"]["enum"])
    names = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    assert listed <= names
    secret = {f"{PREFIX}{name}".upper() for name in SECRETS}
    assert listed & secret == set()
    templates = "".join(path.read_text() for path in sorted((CHART / "templates").iterdir()))
    elsewhere = {name for name in names if f"{name}," in templates or f'"{name}"' in templates}
    # Of the commands that no pod runs, and one that lies beside sources.toml.
    others = {f"{PREFIX}{name}" for name in ("ALERT_SINK_PORT", "ALERTMANAGER_URL", "IDENTITY_KEY_FILE")}
    assert names - listed - secret - others == elsewhere
    assert listed & elsewhere == set()


# What helm makes of it ------------------------------------------------------------------------------------------------


def test_helm_finds_nothing_to_object_to() -> None:
    code, said = _helm("lint", "--strict", str(CHART))
    assert code == 0, said


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        ("settings.STREAM_APP_REDIS_PASSWORD=x", "invalid propertyName 'STREAM_APP_REDIS_PASSWORD'"),
        ("settings.STREAM_APP_NO_SETTING=x", "invalid propertyName 'STREAM_APP_NO_SETTING'"),
        ("redis.url=redis://user:secret@store:6379/0", "'/redis/url'"),
        ("kafka.url=kafka://user:secret@broker:9092", "'/kafka/url'"),
        ("kafka.passwordSecret.name=kafka", "properties 'key' required"),
        ("gateway.enabled=true", "gateway.sourcesSecret names the Secret"),
        ("worker.replica=3", "additional properties 'replica' not allowed"),
        ("exporter.replicas=2", "additional properties 'replicas' not allowed"),
    ],
)
def test_a_value_that_is_a_mistake_is_refused(value: str, cause: str) -> None:
    code, said = _template("--set", value)
    assert code != 0
    assert cause in said


def test_as_shipped_there_is_no_gateway_and_no_policy() -> None:
    kinds = sorted(each["kind"] for each in _manifests())
    assert kinds == ["Deployment", "PodDisruptionBudget", "Service", "Service", "StatefulSet"]


@each_component
def test_a_pod_can_do_no_more_than_it_must(component: str, full: list[dict[str, Any]]) -> None:
    pod = _of(full, component)["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "fsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert f"USER {pod['securityContext']['runAsUser']}:" in (ROOT / "Dockerfile").read_text()
    container = _container(full, component)
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"requests", "limits"} <= container["resources"].keys()
    assert not pod.keys() & {"hostNetwork", "hostPID", "hostIPC"}


@each_component
def test_no_service_of_the_chart_sets_a_variable(component: str, full: list[dict[str, Any]]) -> None:
    # A Service named stream-app-exporter would set STREAM_APP_EXPORTER_PORT.
    assert _of(full, component)["template"]["spec"]["enableServiceLinks"] is False


@each_component
def test_a_secret_is_a_file_that_is_mounted(component: str, full: list[dict[str, Any]]) -> None:
    environment = _environment(full, component)
    assert environment.keys() & {f"{PREFIX}{name}".upper() for name in SECRETS} == set()
    assert not [each for each in _container(full, component)["env"] if "secretKeyRef" in str(each)]
    assert _secret_files(full, component) == {
        value for value in environment.values() if value.startswith("/run/secrets/")
    }
    assert environment["STREAM_APP_REDIS_PASSWORD_FILE"] in _secret_files(full, component)


def _secret_files(manifests: list[dict[str, Any]], component: str) -> set[str]:
    (volume,) = (each for each in _of(manifests, component)["template"]["spec"]["volumes"] if each["name"] == "secrets")
    (mount,) = (each for each in _container(manifests, component)["volumeMounts"] if each["name"] == "secrets")
    items = (item for source in volume["projected"]["sources"] for item in source["secret"]["items"])
    return {f"{mount['mountPath']}/{item['path']}" for item in items}


@each_component
def test_the_settings_of_a_pod_are_accepted(
    component: str, full: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = _environment(full, component)
    fields = set(Settings.model_fields) | {f"{name}_file" for name in SECRETS}
    assert {name.removeprefix(PREFIX).lower() for name in environment} <= fields
    (tmp_path / "secret").write_text("made")
    for name, value in environment.items():
        monkeypatch.setenv(name, str(tmp_path / "secret") if value.startswith("/run/secrets/") else value)
    settings = Settings.load()
    assert settings.redis_password is not None
    assert settings.timezone == "Europe/Berlin"
    assert settings.redis_username == ("exporter" if component == "exporter" else "stream-app")


@each_component
def test_a_pod_runs_its_command_and_is_probed_where_it_listens(component: str, full: list[dict[str, Any]]) -> None:
    container = _container(full, component)
    assert container["args"] == [component]
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    assert Settings.model_fields[PORTS[component]].default in ports.values()
    ready = container["readinessProbe"]["httpGet"]
    assert ready["port"] in ports
    assert ready["path"] == ("/metrics" if component == "exporter" else "/health")
    # What waits for Kafka or the store is not well, and no restart helps.
    alive = container["livenessProbe"]
    assert "/health" not in str(alive)
    assert set(ports) & {alive.get("httpGet", alive.get("tcpSocket"))["port"]}


def test_there_is_one_exporter_at_any_time(full: list[dict[str, Any]]) -> None:
    exporter = _of(full, "exporter")
    assert (exporter["replicas"], exporter["strategy"]) == (1, {"type": "Recreate"})


@pytest.mark.parametrize(("wanted", "count"), [("true", 1), ("false", 0)])
def test_a_worker_is_named_by_its_pod_if_membership_is_static(wanted: str, count: int) -> None:
    listed = _container(_manifests("--set", f"worker.staticMembership={wanted}"), "worker")["env"]
    own = [each for each in listed if each["name"] == "STREAM_APP_INSTANCE_ID"]
    assert [each["valueFrom"] for each in own] == [{"fieldRef": {"fieldPath": "metadata.name"}}] * count


def test_a_service_leads_to_the_pods_of_its_component(full: list[dict[str, Any]]) -> None:
    pods = {component: _of(full, component)["template"]["metadata"]["labels"] for component in COMPONENTS}
    services = [each for each in full if each["kind"] == "Service"]
    assert len(services) == 4
    for service in services:
        selector = service["spec"]["selector"]
        component = selector["app.kubernetes.io/component"]
        assert selector.items() <= pods[component].items()
        named = {each["name"] for each in _container(full, component)["ports"]}
        assert {each["targetPort"] for each in service["spec"]["ports"]} <= named


def test_a_policy_and_a_budget_select_pods_that_exist(full: list[dict[str, Any]]) -> None:
    pods = {component: _of(full, component)["template"]["metadata"]["labels"] for component in COMPONENTS}
    found: dict[str, list[str]] = {"NetworkPolicy": [], "PodDisruptionBudget": []}
    for each in full:
        if each["kind"] in found:
            spec = each["spec"]
            labels = spec.get("podSelector", spec.get("selector"))["matchLabels"]
            component = labels["app.kubernetes.io/component"]
            assert labels.items() <= pods[component].items()
            found[each["kind"]].append(component)
    assert sorted(found["NetworkPolicy"]) == sorted(COMPONENTS)
    assert sorted(found["PodDisruptionBudget"]) == ["gateway", "worker"]
