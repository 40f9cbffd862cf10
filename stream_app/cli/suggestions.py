"""Groups of commands that suggest one for a name that they do not have."""

import click

from stream_app.clients.suggestions import did_you_mean


class SuggestingGroup(click.Group):
    """Suggests a command for one that it does not have. click itself does so for options."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments begin with."""
        name, known = args[0], self.list_commands(ctx)
        if name not in known and not name.startswith("-") and not ctx.resilient_parsing:
            ctx.fail(f"No such command '{name}'. {did_you_mean(name, known)}".strip())
        return super().resolve_command(ctx, args)
