"""`config`: the settings in force."""

import click

from stream_app.cli.options import AS_JSON, load, print_json
from stream_app.cli.suggestions import SuggestingGroup
from stream_app.clients.settings import PREFIX


@click.group(cls=SuggestingGroup)
def config() -> None:
    """What is set."""


@config.command("show")
@AS_JSON
def config_show(*, as_json: bool) -> None:
    """Print every setting and its environment variable; secrets are masked."""
    shown = load({}).model_dump(mode="json")
    if as_json:
        print_json(shown)
        return
    for name, value in shown.items():
        click.echo(f"{PREFIX}{name.upper()}={'' if value is None else value}")
