"""What every command promises: help, an environment variable per flag, exit codes that mean something."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from stream_app.cli import main
from stream_app.cli.main import COMMANDS, TASKS
from stream_app.cli.suggestions import SuggestingGroup
from stream_app.clients.settings import PREFIX, Settings


def run(*arguments: str, **environment: str) -> Result:
    # What is set outside is not meant for tests.
    clean = {name: None for name in os.environ if name.startswith(PREFIX)}
    return CliRunner().invoke(main, list(arguments), env={**clean, **environment})


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


EVERY = dict(commands(main))


def test_all_commands_of_the_product_are_there() -> None:
    assert {" ".join(path) for path in EVERY} == {
        "demo",
        "alerts check",
        "alerts sink",
        "alerts test",
        "topics apply",
        "topics list",
        "tail",
        "completion",
        "worker",
        "exporter",
        "map",
        "gateway",
        "replay",
        "import",
        "sources init",
        "sources check",
        "kpis",
        "produce",
        "simulate",
        "dlq list",
        "dlq show",
        "dlq retry",
        "doctor",
        "render",
        "config show",
        "history",
        "explain lead",
        "explain account",
        "explain step",
        "audit",
        "rebuild",
        "report",
    }


def test_the_list_of_commands_says_the_first_sentence_of_their_help() -> None:
    commands = {name: main.get_command(click.Context(main), name) for name in COMMANDS}
    sentences = {name: command.get_short_help_str(limit=1000) for name, command in commands.items() if command}
    assert sentences == COMMANDS


def test_every_group_of_commands_suggests() -> None:
    groups = [main.get_command(click.Context(main), name) for name in COMMANDS]
    assert [
        each.name for each in groups if isinstance(each, click.Group) and not isinstance(each, SuggestingGroup)
    ] == []


def test_every_command_belongs_to_one_task() -> None:
    assert sum(map(len, TASKS.values())) == len(COMMANDS)


def test_help_lists_the_commands_without_importing_them() -> None:
    imported = "import sys; print(*sys.modules)"
    code = f"from stream_app.cli import main; main(['--help'], standalone_mode=False); {imported}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - our own command
    assert all(f"\n  {name} " in done.stdout for name in COMMANDS)
    assert {"aiokafka", "kafka", "redis", "faust"}.isdisjoint(done.stdout.split("\n")[-2].split())


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_every_flag_has_help_and_an_environment_variable(path: tuple[str, ...]) -> None:
    shown = run(*path, "--help")
    assert shown.exit_code == 0
    text = " ".join(shown.output.split())
    for parameter in EVERY[path].params:
        if isinstance(parameter, click.Option) and parameter.name != "help":
            assert parameter.help, parameter.name
            if parameter.envvar is not None:
                assert str(parameter.envvar) in text.replace(" ", ""), parameter.name
            else:
                assert parameter.show_envvar, parameter.name


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_a_flag_of_a_setting_is_named_as_the_setting(path: tuple[str, ...]) -> None:
    for parameter in EVERY[path].params:
        if isinstance(parameter, click.Option) and parameter.envvar is not None:
            assert parameter.name in Settings.model_fields
            assert parameter.envvar == f"{PREFIX}{str(parameter.name).upper()}"


def test_every_setting_but_a_secret_is_a_flag_of_some_command() -> None:
    flags = {parameter.name for command in EVERY.values() for parameter in command.params}
    assert Settings.model_fields.keys() - flags == {"kafka_password", "redis_password", "redis_sentinel_password"}


def test_config_show_prints_every_setting_and_no_secret() -> None:
    shown = run("config", "show", STREAM_APP_REDIS_PASSWORD="open sesame", STREAM_APP_TIMEZONE="Asia/Kolkata")  # noqa: S106 - made up
    assert shown.exit_code == 0
    assert "sesame" not in shown.output
    assert "STREAM_APP_TIMEZONE=Asia/Kolkata" in shown.output
    names = {line.partition("=")[0] for line in shown.output.splitlines()}
    assert names == {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    assert json.loads(run("config", "show", "--json").output)["namespace"] == "lifecycle"


def test_a_wrong_setting_is_named_and_its_value_is_not() -> None:
    shown = run("kpis", STREAM_APP_TIMEZONE="Nowhere/Secret")
    assert shown.exit_code == 2
    assert "STREAM_APP_TIMEZONE" in shown.output
    assert "Nowhere" not in shown.output


def test_an_unreachable_store_is_reported_in_one_sentence() -> None:
    shown = run("kpis", "--redis-url", "redis://127.0.0.1:1/0")
    assert shown.exit_code == 69
    assert "Redis at redis://127.0.0.1:1/0" in shown.output
    assert "Start it, or correct STREAM_APP_REDIS_URL" in shown.output
    assert "Traceback" not in shown.output


def test_a_time_without_an_offset_is_refused() -> None:
    shown = run("kpis", "--as-of", "2026-03-02T09:14:00")
    assert shown.exit_code == 2
    assert "offset" in shown.output


def test_kpis_prints_series_labels_and_values(redis_url: str, namespace: str) -> None:
    shown = run("kpis", "--json", "--redis-url", redis_url, "--namespace", namespace)
    assert shown.exit_code == 0
    rows = json.loads(shown.output)
    stages = [row for row in rows if row["name"] == "lifecycle_leads_in_stage"]
    assert {row["labels"]["funnel_stage"] for row in stages} == {"lead", "mql", "sal", "sql", "opportunity", "customer"}
    assert {row["value"] for row in stages} == {0}


def test_a_simulation_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    texts = []
    for name in ("one", "two"):
        path = tmp_path / name
        shown = run(
            "simulate",
            "--seed",
            "7",
            "--leads",
            "5",
            "--days",
            "10",
            "--until",
            "2026-03-02T09:14:00Z",
            "--out",
            str(path),
        )
        assert shown.exit_code == 0
        texts.append(path.read_bytes())
    assert texts[0] == texts[1]
    assert json.loads(texts[0].splitlines()[0])["type"]


def test_produce_names_the_bad_line_and_its_rule(kafka: str, namespace: str, tmp_path: Path) -> None:
    servers = ("--kafka-url", f"kafka://{kafka}", "--namespace", namespace)
    assert run("topics", "apply", *servers, "--partitions", "1").exit_code == 0
    good = '{"id":"1","type":"lead.created","time":"2026-03-02T09:14:00Z","data":{"lead_id":"L"}}'
    bad = '{"id":"2","type":"lead.stage_changed","time":"2026-03-02T09:14:00Z","data":{"lead_id":"L","to":"sekret"}}'
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join([good, bad, good.replace('"1"', '"3"')]) + "\n")
    stopped = run("produce", *servers, str(file))
    assert stopped.exit_code == 1
    assert (
        "line 2: invalid: Expected one of lead, mql, sal, sql, opportunity, customer - at `$.data.to`" in stopped.output
    )
    assert "sekret" not in stopped.output
    report = run("produce", *servers, "--keep-going", "--json", str(file))
    assert report.exit_code == 1
    counts = json.loads(report.stdout)
    assert counts == {"lines": 3, "topics": {f"{namespace}.lead": 2}, "refused": {"invalid": 1}}


def test_render_is_up_to_date(request: pytest.FixtureRequest) -> None:
    shown = run("render", "--check", "--root", str(request.config.rootpath))
    assert shown.exit_code == 0, shown.output


def test_render_says_what_is_out_of_date(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/metrics.md").write_text("old")
    shown = run("render", "--check", "--root", str(tmp_path))
    assert shown.exit_code == 1
    assert "docs/metrics.md" in shown.output


def test_render_check_outside_the_repository_says_so(tmp_path: Path) -> None:
    shown = run("render", "--check", "--root", str(tmp_path))
    assert shown.exit_code == 2
    assert f"{tmp_path} is not the repository of stream-app" in shown.output
    assert "docs/metrics.md" not in shown.output
