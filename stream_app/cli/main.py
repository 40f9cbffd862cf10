"""The group of all commands."""

import gc
import logging
import sys
import time
from importlib import import_module
from keyword import iskeyword

import click
from click.shell_completion import CompletionItem

from stream_app import __version__
from stream_app.cli.suggestions import SuggestingGroup
from stream_app.clients.log_rate_limit import LogRateLimit

TASKS = {
    "Try it": {
        "demo": "Start a broker, a store, a worker, the exporter and a gateway here, play events, show the numbers.",
        "simulate": "Write a made-up but realistic history of events as JSON lines, for `produce`.",
    },
    "Bring events in": {
        "topics": "The Kafka topics of the namespace.",
        "produce": "Send FILE (or - for standard input), JSON lines of events, to their topics, keyed by entity.",
        "map": "Show which events what SOURCE posts in FILE (or - for standard input) becomes, without any server.",
        "sources": "What sources have sent, what of it could not be mapped, and what to do about it.",
        "gateway": "Take what sources post to /in/NAME, and answer 2xx once Kafka has it.",
        "import": "Send the history that FILEs hold, exports of a KIND, as events to their topics.",
        "replay": "Map what sources posted again, after a change of sources.toml or of an adapter.",
        "tail": "Print records as they arrive, decoded; rejected ones are marked.",
        "dlq": "The dead letters: records that were rejected.",
    },
    "Keep the numbers": {
        "worker": "Read events from Kafka and keep the numbers in Redis.",
        "exporter": "Serve the numbers for Prometheus at /metrics and the wall at /.",
        "rebuild": "Compute all numbers anew from the log beside the ones that serve, then switch to them at once.",
    },
    "Read and explain the numbers": {
        "kpis": "Print every sample that the exporter would export; PATTERN picks series whose name contains it.",
        "history": "Print every sample as of the end of each day, for Prometheus or a spreadsheet.",
        "report": "Write the review of a month: ten questions and their answers, with figures and charts.",
        "explain": "What an entity contributes to the numbers, and who is in a step.",
        "audit": "Count everything again from the log, by code that shares nothing with the fold; compare with Redis.",
    },
    "Set up and check": {
        "doctor": "Check Kafka, topics, Redis, clock, ports, definitions, and what a gateway needs.",
        "alerts": "Who is notified of alerts, and whether it arrives.",
        "config": "What is set.",
        "completion": "Print the script with which SHELL completes commands and options.",
        "render": "Write everything that follows from the catalog: schemas, docs, rules, dashboards.",
    },
}
"""Task -> command -> first sentence of its help. It is the function of that name in the module of that name.

`import` is called `import_` there.
"""

COMMANDS = {name: sentence for commands in TASKS.values() for name, sentence in commands.items()}


class LazyGroup(SuggestingGroup):
    """Imports a command's module only to run it or to show its own help: the clients it needs take a second."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """In the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command of that name."""
        if name not in COMMANDS:
            return None
        # Nothing that is imported can be freed, and to look for it takes a fifth of the start.
        gc.disable()
        try:
            # A module cannot be called as Python's own words are.
            own_name = f"{name}_" if iskeyword(name) else name
            command: click.Command = getattr(import_module(f"stream_app.cli.{own_name}"), own_name)
        finally:
            gc.freeze()
            gc.enable()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """List the commands by task, without importing them."""
        for task, commands in TASKS.items():
            with formatter.section(task):
                formatter.write_dl(list(commands.items()), col_max=max(map(len, COMMANDS)))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete names of commands without importing them."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]


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
    configure_log(log_level)


def configure_log(level: str) -> None:
    """Log from this level on to standard error, as every command does."""
    form = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
    form.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(form)
    handler.addFilter(LogRateLimit())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # kafka-python reports each try to connect as an error; our commands say once what is wrong.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    # Below INFO aiokafka logs records, and at INFO nothing that the worker does not say better.
    logging.getLogger("aiokafka").setLevel(logging.WARNING)
