"""The completion of a real bash, and the scripts for the shells that a machine may not have."""

import subprocess
from pathlib import Path

import pytest

from tests.cli.transcripts import COMMAND, Terminal

WORDS = """
eval "$(stream-app completion bash)"
COMP_WORDS=({words})
COMP_CWORD={last}
_stream_app_completion stream-app
echo "${{COMPREPLY[@]}}"
"""


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("stream-app ex", "exporter explain"),
        ("stream-app dlq l", "list"),
        ("stream-app kpis --js", "--json"),
        ("stream-app completion z", "zsh"),
    ],
)
def test_bash_completes_commands_options_and_values(terminal: Terminal, words: str, completed: str) -> None:
    script = WORDS.format(words=words, last=len(words.split()) - 1)
    path = f"{Path(COMMAND).parent}:{terminal.environment['PATH']}"
    done = subprocess.run(  # noqa: S603 - our own command
        ["/bin/bash", "--norc", "-c", script],
        env=terminal.environment | {"PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == (f"{completed}\n", "")


@pytest.mark.parametrize(
    ("shell", "registers"),
    [
        ("zsh", "compdef _stream_app_completion stream-app"),
        ("fish", "complete --no-files --command stream-app"),
    ],
)
def test_other_shells_get_a_script_that_registers_the_command(terminal: Terminal, shell: str, registers: str) -> None:
    said = terminal.run("completion", shell)
    assert registers in said
    assert f"_STREAM_APP_COMPLETE={shell}_complete" in said
