"""What commands about sources have in common: `sources.toml`, the identity key, and how they end if these are wrong."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stream_app.cli.options import EXIT_USAGE, fail
from stream_app.clients.connections import sync_redis
from stream_app.clients.settings import Settings
from stream_app.intake.configuration import Configuration, ConfigurationError, read_configuration
from stream_app.intake.identity_key import (
    IdentityKey,
    OtherIdentityKeyError,
    identity_key_path,
    read_identity_key,
    require_identity_key,
)
from stream_app.sources import EXPORTS
from stream_app.sources.source import Source

EXIT_OTHER_KEY = 5
"""The ids of the namespace were made with another identity key."""

SOURCES_SETTINGS = ("sources_file", "identity_key_file")


def configuration_of(
    settings: Settings, declared: Mapping[str, Source[Any]], *, need_secrets: bool = True
) -> tuple[Configuration, IdentityKey]:
    """What is configured, and the key; a wrong file ends the process, and everything wrong with it is said.

    Without `need_secrets` those of the sources are not read, and not missed.
    """
    path = Path(settings.sources_file)
    problems: list[str] = []
    configuration, key = None, None
    try:
        configuration = read_configuration(path, declared, EXPORTS.values(), need_secrets=need_secrets)
    except ConfigurationError as error:
        problems += error.problems
    try:
        key = read_identity_key(identity_key_path(settings, path))
    except ConfigurationError as error:
        problems += error.problems
    if configuration is None or key is None:
        fail("\n".join(problems), EXIT_USAGE)
    return configuration, key


def key_of(settings: Settings) -> IdentityKey:
    """The identity key; a wrong one ends the process."""
    try:
        return read_identity_key(identity_key_path(settings, Path(settings.sources_file)))
    except ConfigurationError as error:
        fail(str(error), EXIT_USAGE)


def require_key(settings: Settings, key: IdentityKey) -> None:
    """End the process if the ids of the namespace were made with another key. Raises redis.RedisError."""
    try:
        with sync_redis(settings) as redis:
            require_identity_key(redis, settings.namespace, key)
    except OtherIdentityKeyError as error:
        fail(str(error), EXIT_OTHER_KEY)
