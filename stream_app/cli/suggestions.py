"""What somebody who mistyped a name may have meant."""

from collections.abc import Collection
from difflib import get_close_matches

import click

__all__ = ["SuggestingGroup", "did_you_mean"]

_SUGGESTED = 3
_BEFORE_ALL_ARE_NAMED = 8


def did_you_mean(name: str, known: Collection[str]) -> str:
    """Suggest names that are close to one; where none is, name all of them if they are few. "" if there is nothing."""
    lower = {each.lower(): each for each in sorted(known)}
    close = [lower[each] for each in get_close_matches(name.lower(), lower, _SUGGESTED)]
    # A part of a name is no close match of a long one.
    close += [each for each in sorted(known) if name and name.lower() in each.lower() and each not in close]
    if close:
        return f"Did you mean {' or '.join(close[:_SUGGESTED])}?"
    return f"There is {', '.join(sorted(known))}." if 0 < len(known) <= _BEFORE_ALL_ARE_NAMED else ""


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
