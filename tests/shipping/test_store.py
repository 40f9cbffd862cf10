"""The composition's store and its user: enough for everything that the commands do, and for nothing else."""

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from stream_app.clients.ports import free_port
from stream_app.demo.embedded_servers import Server, accepts, embedded_kafka, redis_server
from tests.shipping.composition import SERVICES, mounted
from tests.shipping.test_image import healthcheck
from tests.system.processes import CommandProcess, eventually, run

_NOBODY = 65534
_EVENTS = ["simulate", "--leads", "20", "--days", "30"]


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that the composition's own script has filled."""
    folder = tmp_path_factory.mktemp("secrets")
    _make(folder)
    return folder


def _make(folder: Path) -> None:
    service = SERVICES["secrets"]
    # The engine's part of the work: `$$` is a dollar sign.
    command = [*service["entrypoint"], *(word.replace("$$", "$") for word in service["command"])]
    # Root could write what nobody may write, and the composition does not use it.
    user = _NOBODY if os.geteuid() == 0 else None
    if user is not None:
        os.chown(folder, user, user)
    subprocess.run(command, cwd=folder, user=user, check=True)  # noqa: S603 - the composition's own command


@pytest.fixture(scope="module")
def store(secrets: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run the store as the composition does."""
    folder = tmp_path_factory.mktemp("store")
    _, *options = [word.replace("/run/secrets", str(secrets)) for word in SERVICES["redis"]["command"]]

    def command(port: int) -> list[str]:
        binary = redis_server(folder).command(port)[0]
        return [binary, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), *options]

    with Server("store", folder, command, accepts) as server:
        yield server


@pytest.fixture(scope="module")
def environment(store: Server, secrets: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Return the variables of the composition's worker, with the addresses of the servers that run here."""
    with embedded_kafka(tmp_path_factory.mktemp("kafka")) as kafka:
        yield SERVICES["worker"]["environment"] | {
            "STREAM_APP_KAFKA_URL": f"kafka://{kafka}",
            "STREAM_APP_REDIS_URL": f"redis://{store.address}/0",
            "STREAM_APP_REDIS_PASSWORD_FILE": str(secrets / "redis_password"),
            "STREAM_APP_TIMEZONE": "UTC",
            "STREAM_APP_HOST": "127.0.0.1",
            "STREAM_APP_WORKER_PORT": str(free_port()),
            "STREAM_APP_EXPORTER_PORT": str(free_port()),
            "STREAM_APP_ALERTS_FILE": str(mounted("worker", "/alerts/alerts.toml")),
            "STREAM_APP_ALERTMANAGER_URL": f"http://127.0.0.1:{free_port()}",
        }


def test_the_password_is_made_once_and_everybody_in_the_volume_can_read_it(secrets: Path) -> None:
    before = (secrets / "redis_password").read_text()
    _make(secrets)
    assert (secrets / "redis_password").read_text() == before
    assert len(before) == 64
    assert {file.name: stat.S_IMODE(file.stat().st_mode) for file in secrets.iterdir()} == {
        "redis_password": 0o444,
        "users.acl": 0o444,
    }


@pytest.mark.slow
def test_every_command_can_do_its_work(environment: dict[str, str], tmp_path: Path) -> None:
    log, events = tmp_path / "log", tmp_path / "events.jsonl"
    for words in (
        [*_EVENTS, "--out", str(events)],
        SERVICES["topics"]["command"],
        ["produce", str(events)],
        ["worker", "--drain"],
        ["audit"],
        ["rebuild"],
        ["audit", "--json"],
        ["kpis"],
        ["doctor"],
    ):
        code, said = run(words, environment, log)
        assert code == 0, f"{words}: {said}\n{log.read_text()}"
        if "--json" in words:
            assert json.loads(said)["compared"] > 100


@pytest.mark.slow
def test_the_demo_writes_its_past_before_its_present(environment: dict[str, str], tmp_path: Path) -> None:
    assert run(SERVICES["topics"]["command"], environment, tmp_path / "log")[0] == 0
    service = SERVICES["demo-past"]
    (script,) = (word.replace("$$", "$").replace("/history", str(tmp_path)) for word in service["command"])
    size = {"STREAM_APP_SIMULATE_LEADS": "20", "STREAM_APP_SIMULATE_DAYS": "30"}
    path = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(  # noqa: S603 - the composition's own command
        [*service["entrypoint"], script], env=environment | size | path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "past.om").read_text().splitlines()
    newest = [line for line in lines if line.startswith("lifecycle_leads_in_stage{")]
    assert {'job="stream-app-exporter"', 'instance="exporter:9464"'} <= set(re.findall(r'\w+="[^"]*"', newest[-1]))
    until = datetime.fromisoformat((tmp_path / "company").read_text().split()[-1])
    yesterday = until.replace(hour=0, minute=0, second=0).timestamp() - 0.001
    assert float(newest[-1].rpartition(" ")[2]) == yesterday


@pytest.mark.slow
def test_the_healthcheck_sees_a_worker_and_an_exporter(environment: dict[str, str], tmp_path: Path) -> None:
    assert run(SERVICES["topics"]["command"], environment, tmp_path / "log")[0] == 0
    for command in ("worker", "exporter"):
        assert healthcheck(environment) == 1
        program = CommandProcess(SERVICES[command]["command"], environment, tmp_path / command)
        eventually(lambda: healthcheck(environment) == 0, f"{command} is well", program)
        assert program.stop() == 0


@pytest.mark.parametrize(
    "command",
    [
        ("FLUSHALL",),
        ("FLUSHDB",),
        ("CONFIG", "GET", "*"),
        ("KEYS", "*"),
        ("SHUTDOWN",),
        ("ACL", "LIST"),
        ("REPLICAOF", "NO", "ONE"),
        ("MONITOR",),
        ("GET", "of-somebody-else"),
        ("SET", "of-somebody-else", "1"),
        ("EVAL", "return redis.call('GET', KEYS[1])", "1", "of-somebody-else"),
        ("PUBLISH", "of-somebody-else", "1"),
    ],
    ids=" ".join,
)
def test_the_user_may_do_nothing_else(command: tuple[str, ...], store: Server, secrets: Path) -> None:
    password = (secrets / "redis_password").read_text()
    host, _, port = store.address.partition(":")
    with redis.Redis(host, int(port), username="stream-app", password=password) as client:
        assert client.ping()
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.execute_command(*command)


def test_nobody_gets_in_without_a_password(store: Server) -> None:
    host, _, port = store.address.partition(":")
    client = redis.Redis(host, int(port), retry=Retry(NoBackoff(), 0))
    with client, pytest.raises(redis.AuthenticationError):
        client.ping()
