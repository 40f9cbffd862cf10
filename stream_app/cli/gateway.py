"""`gateway`: takes what sources post."""

import asyncio
from collections.abc import Mapping
from typing import Any

import click

from stream_app.cli.end_in_time import EndInTime
from stream_app.cli.options import EXIT_USAGE, KAFKA, REDIS, fail, with_settings
from stream_app.cli.sources_file import EXIT_OTHER_KEY, SOURCES_SETTINGS, configuration_of
from stream_app.cli.wiring import routes
from stream_app.clients.http import CannotListenError
from stream_app.clients.settings import Settings
from stream_app.intake import service
from stream_app.intake.identity_key import OtherIdentityKeyError
from stream_app.sources import SOURCES
from stream_app.sources.identity import alias
from stream_app.sources.source import Source

GRACE_S = 10.0
"""How long a gateway may take to end in order, in seconds."""

EXIT_STUCK = 4


@click.command()
@with_settings(
    *KAFKA,
    *REDIS,
    "namespace",
    "host",
    "gateway_port",
    "gateway_metrics_port",
    "allowed_hosts",
    *SOURCES_SETTINGS,
)
def gateway(settings: Settings) -> None:
    """Take what sources post to /in/NAME, and answer 2xx once Kafka has it.

    Which sources there are stands in sources.toml; `stream-app sources init` writes one. Run as many gateways as you
    like, behind a reverse proxy that speaks TLS. Without Kafka they answer 503, and senders send again. SIGTERM and
    Ctrl-C end a gateway in order, which takes 10 s at most.

    Exit codes: 0 ended in order, 1 crashed or its port is taken, 2 sources.toml, a secret or the identity key is
    missing or wrong, 4 it did not end in time, 5 the ids of the namespace were made with another identity key.
    """
    run(settings, SOURCES)


def run(settings: Settings, declared: Mapping[str, Source[Any]]) -> None:
    """Run a gateway for these sources until it is stopped."""
    configuration, key = configuration_of(settings, declared)
    if not configuration.sources:
        fail(f"{settings.sources_file} names no source: run `stream-app sources init NAME`", EXIT_USAGE)
    end_in_time = EndInTime(EXIT_STUCK, GRACE_S)
    try:
        asyncio.run(service.run(settings, configuration, key, alias, routes(settings), on_ending=end_in_time.begin))
    except CannotListenError as error:
        fail(f"{error}; choose another --gateway-port or --gateway-metrics-port")
    except OtherIdentityKeyError as error:
        fail(str(error), EXIT_OTHER_KEY)
