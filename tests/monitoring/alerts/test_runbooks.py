"""The runbooks: one for every alert, with commands that exist."""

import re
import shlex

import click
import pytest

from stream_app.cli import main
from stream_app.monitoring.alerts import ALERTING
from stream_app.render.rules import runbook_url
from tests.monitoring.alerts.stories import ROOT

ALERTS = [alert.name for group in ALERTING.groups for alert in group.alerts]
TEXT = (ROOT / "docs/runbooks.md").read_text("utf-8")
SECTIONS = dict(
    re.findall(r"^## (\w+)\n(.*?)(?=^#|\Z)", re.sub(r"^# .*\n", "", TEXT, flags=re.MULTILINE), re.MULTILINE | re.DOTALL)
)
COMMANDS = sorted({line for line in TEXT.splitlines() if line.startswith("stream-app ")})


def test_there_is_a_runbook_for_every_alert_and_no_other() -> None:
    assert sorted(SECTIONS) == sorted(ALERTS)


@pytest.mark.parametrize("alert", ALERTS)
def test_a_runbook_says_what_it_means_what_it_does_and_what_to_do(alert: str) -> None:
    parts = re.findall(r"^\*\*(\w[\w ]*)(?=\.|\*\*)", SECTIONS[alert], re.MULTILINE)
    assert parts == ["Meaning", "Impact", "First checks", "Causes", "Fix"]


@pytest.mark.parametrize("alert", ALERTS)
def test_a_runbook_begins_with_three_commands(alert: str) -> None:
    (block,) = re.findall(r"```sh\n(.*?)```", SECTIONS[alert], re.DOTALL)
    assert len(block.splitlines()) == 3
    for line in block.splitlines():
        assert shlex.split(line)[0] in {"stream-app", "curl", "promtool", "amtool", "redis-cli"}


@pytest.mark.parametrize("alert", ALERTS)
def test_the_address_of_a_runbook_is_the_anchor_of_its_heading(alert: str) -> None:
    page, _, anchor = runbook_url(alert, ALERTING).partition("#")
    assert page.endswith("docs/runbooks.md")
    assert anchor in {heading.lower() for heading in SECTIONS}


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_exists(line: str) -> None:
    command: click.Command = main
    arguments = shlex.split(line)[1:]
    while isinstance(command, click.Group) and (arguments or not command.invoke_without_command):
        found = command.get_command(click.Context(command), arguments.pop(0))
        assert found is not None, line
        command = found
    # --help is no mistake, but ends the program.
    command.make_context(line, [each for each in arguments if each != "--help"])


def test_every_command_in_the_text_exists() -> None:
    for words in re.findall(r"`stream-app ([a-z][a-z ]*)`", TEXT):
        command: click.Command | None = main
        for word in words.split():
            assert isinstance(command, click.Group)
            command = command.get_command(click.Context(command), word)
            assert command is not None, words
