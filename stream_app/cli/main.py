"""The group of all commands."""

import logging
import sys

import click

from stream_app import __version__
from stream_app.cli.demo import demo
from stream_app.cli.explain import explain
from stream_app.cli.look import config, kpis
from stream_app.cli.make import render, simulate
from stream_app.cli.operate import dlq, doctor, produce, topics
from stream_app.cli.prove import audit, rebuild
from stream_app.cli.serve import exporter, worker
from stream_app.runtime.worker import Quiet


@click.group(context_settings={"auto_envvar_prefix": "STREAM_APP", "help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True,
    show_envvar=True, help="How much is logged, on standard error.",
)  # fmt: skip
def main(log_level: str) -> None:
    """Real-time B2B lifecycle metrics whose numbers depend only on the set of events.

    Every flag has an environment variable, which its help names.
    """
    logging.basicConfig(
        level=log_level.upper(),
        stream=sys.stderr,
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
        force=True,
    )
    logging.getLogger().handlers[0].addFilter(Quiet())
    # kafka-python reports each try to connect as an error; our commands say once what is wrong.
    # Below INFO the Kafka clients log what they are configured with, passwords and records included.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    logging.getLogger("aiokafka").setLevel(max(logging.INFO, logging.getLogger().level))


for command in (
    demo,
    worker,
    exporter,
    kpis,
    produce,
    simulate,
    topics,
    dlq,
    doctor,
    render,
    config,
    explain,
    audit,
    rebuild,
):
    main.add_command(command)
