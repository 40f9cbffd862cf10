"""`completion`: the script of a shell that completes commands and options."""

import click
from click.shell_completion import get_completion_class

_PROGRAM = "stream-app"
_VARIABLE = "_STREAM_APP_COMPLETE"
"""Where click looks for a request of the shell, by the name of the program."""


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script with which SHELL completes commands and options.

    For bash: `eval "$(stream-app completion bash)"` in ~/.bashrc. For zsh: the same with zsh in ~/.zshrc, after
    compinit. For fish: `stream-app completion fish > ~/.config/fish/completions/stream-app.fish`.
    """
    complete = get_completion_class(shell)
    if complete is None:
        raise click.BadParameter(shell)
    click.echo(complete(context.find_root().command, {}, _PROGRAM, _VARIABLE).source())
