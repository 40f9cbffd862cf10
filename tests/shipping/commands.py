"""Command lines as click understands them, without running anything."""

import click

from stream_app.cli import main


def parse(words: list[str]) -> None:
    """Raise click.UsageError unless the words behind `stream-app` are one of our commands with its options."""
    command: click.Command = main
    context = main.make_context("stream-app", list(words))
    while hasattr(command, "resolve_command"):
        if getattr(command, "invoke_without_command", False) and not [*context._protected_args, *context.args]:  # noqa: SLF001
            return
        name, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])  # noqa: SLF001
        command, context = found, found.make_context(name, rest, parent=context)
