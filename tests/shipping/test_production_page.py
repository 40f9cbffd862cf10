"""docs/production.md: what it tells the reader to type exists, and its users of the store can do their work."""

import re
import urllib.request
from pathlib import Path

import pytest
import redis

from stream_app.clients.ports import free_port
from stream_app.clients.settings import Settings
from stream_app.demo.embedded_servers import Server, accepts, redis_server
from tests.shipping.commands import parse
from tests.shipping.composition import ROOT, SERVICES
from tests.system.processes import CommandProcess, eventually

PAGE = (ROOT / "docs/production.md").read_text()
COMMANDS = sorted({*re.findall(r"`stream-app ([^`]+)`", PAGE), *re.findall(r"--no-deps worker (\w+)", PAGE)})
USERS = re.findall(r"^user .*$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_is_one_of_ours(command: str) -> None:
    parse(command.split())


def test_a_variable_of_the_page_is_a_setting() -> None:
    named = {name.lower().removesuffix("_file") for name in re.findall(r"STREAM_APP_(\w+)", PAGE)}
    files = {name.removesuffix("_file") for name in Settings.model_fields if name.endswith("_file")}
    assert named <= Settings.model_fields.keys() | files
    assert len(named) > 10


def test_a_file_of_the_page_exists() -> None:
    named = {name for name in re.findall(r"`(\w[\w./-]*\.(?:yml|py|md))`", PAGE) if "/" in name or "-" in name}
    assert len(named) > 3
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_the_page_and_the_composition_give_the_store_the_same_user() -> None:
    (script,) = SERVICES["secrets"]["command"]
    assert [rule for rule in USERS if rule in script.replace("$$(cat redis_password)", "PASSWORD")] == USERS[:2]


def test_the_exporters_own_user_reads_everything_and_writes_nothing(tmp_path: Path) -> None:
    rules = tmp_path / "users.acl"
    rules.write_text("\n".join(USERS) + "\n")

    def command(port: int) -> list[str]:
        binary = redis_server(tmp_path).command(port)[0]
        return [binary, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(tmp_path), "--aclfile", str(rules)]

    with Server("store", tmp_path, command, accepts) as store:
        (tmp_path / "password").write_text("PASSWORD")
        port = free_port()
        environment = {
            "STREAM_APP_REDIS_URL": f"redis://{store.address}/0",
            "STREAM_APP_REDIS_USERNAME": "exporter",
            "STREAM_APP_REDIS_PASSWORD_FILE": str(tmp_path / "password"),
            "STREAM_APP_EXPORTER_PORT": str(port),
        }
        program = CommandProcess(["exporter"], environment, tmp_path / "exporter.log")
        eventually(lambda: "\nstream_app_redis_up 1.0\n" in _metrics(port), "the exporter reads the store", program)
        assert program.stop() == 0
        host, _, number = store.address.partition(":")
        client = redis.Redis(host, int(number), username="exporter", password="PASSWORD")  # noqa: S106 - the page's
        with client, pytest.raises(redis.exceptions.NoPermissionError):
            client.set("{lifecycle}:x", "1")


def _metrics(port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as page:
            text: str = page.read().decode()
    except OSError:
        return ""
    return text
