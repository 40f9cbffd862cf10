"""The group of all commands."""

import logging
import sys
import time
from importlib import import_module

import click

from stream_app import __version__
from stream_app.clients.log_rate_limit import LogRateLimit

COMMANDS = {
    "demo": "demo:demo",
    "worker": "serve:worker",
    "exporter": "serve:exporter",
    "kpis": "look:kpis",
    "config": "look:config",
    "produce": "operate:produce",
    "topics": "operate:topics",
    "dlq": "operate:dlq",
    "doctor": "operate:doctor",
    "explain": "explain:explain",
    "audit": "prove:audit",
    "rebuild": "prove:rebuild",
    "simulate": "make:simulate",
    "render": "make:render",
}
"""Command -> module of this package and name in it. Imported when wanted: the clients they need take a second."""


class LazyGroup(click.Group):
    """Imports a command when it is run or its help is shown."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """In the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command of that name."""
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name].partition(":")
        command: click.Command = getattr(import_module(f"stream_app.cli.{module}"), attribute)
        return command


@click.group(
    cls=LazyGroup, context_settings={"auto_envvar_prefix": "STREAM_APP", "help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    show_envvar=True,
    help="How much is logged, on standard error.",
)
def main(log_level: str) -> None:
    """Real-time B2B lifecycle metrics whose numbers depend only on the set of events.

    Every flag has an environment variable, which its help names.
    """
    form = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
    form.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(form)
    handler.addFilter(LogRateLimit())
    logging.basicConfig(level=log_level.upper(), handlers=[handler], force=True)
    # kafka-python reports each try to connect as an error; our commands say once what is wrong.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    # Below INFO aiokafka logs records, and at INFO nothing that the worker does not say better.
    logging.getLogger("aiokafka").setLevel(logging.WARNING)
