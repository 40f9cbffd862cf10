"""The workflow and the hooks run what is there."""

import os

import pytest

from tests.shipping.commands import parse
from tests.shipping.composition import ROOT, yaml

HOOKS = yaml(".pre-commit-config.yaml")["repos"][0]["hooks"]


def test_the_workflow_ends_with_the_script_of_the_repository() -> None:
    (job,) = yaml(".github/workflows/ci.yml")["jobs"].values()
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands[-1] == ".ci/run"
    for command in commands:
        assert os.access(ROOT / command.split()[-1], os.X_OK)


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_runs_a_tool_of_the_environment(hook: dict[str, str]) -> None:
    assert hook["language"] == "system"
    program, *words = hook["entry"].split()
    assert os.access(ROOT / program, os.X_OK)
    if program == ".venv/bin/stream-app":
        parse(words)


def test_a_hook_checks_what_make_lint_checks() -> None:
    lint = (ROOT / "Makefile").read_text().partition("\nlint:")[2].partition("\n\n")[0].replace("$(BIN)", ".venv/bin")
    tools = [hook["entry"] for hook in HOOKS if hook["id"] != "render"]
    assert [tool for tool in tools if f"@{tool}\n" not in f"{lint}\n"] == []
