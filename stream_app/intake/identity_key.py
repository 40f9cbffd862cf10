"""The key that e-mail addresses are turned into ids with, one for a namespace."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from redis import Redis

from stream_app.clients.settings import Settings
from stream_app.intake.configuration import ConfigurationError
from stream_app.sources.identity import key_fingerprint
from stream_app.store.identity import registered_fingerprint

__all__ = [
    "FILE_NAME",
    "KEY_BYTES",
    "IdentityKey",
    "OtherIdentityKeyError",
    "create_identity_key",
    "identity_key_path",
    "read_identity_key",
    "require_identity_key",
]

KEY_BYTES = 32
"""How long an identity key is."""

FILE_NAME = "identity.key"
"""What its file is called, beside `sources.toml`, unless a setting says otherwise."""


class OtherIdentityKeyError(Exception):
    """The ids of the namespace were made with another key: one person would become two."""

    def __init__(self, namespace: str, theirs: str, ours: str) -> None:
        super().__init__(
            f"namespace {namespace} has ids that were made with the identity key {theirs}, and this one is {ours}: "
            "bring that key back, or take a new namespace"
        )


@dataclass(frozen=True, slots=True)
class IdentityKey:
    """What e-mail addresses are turned into ids with. Nothing that prints it shows the key."""

    key: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """What tells keys apart, 8 hex digits, and does not tell the key."""
        return key_fingerprint(self.key)


def read_identity_key(path: Path) -> IdentityKey:
    """Read the key. Raises ConfigurationError."""
    remedy = "`stream-app sources init` makes one; where there was one, bring it back from its backup"
    try:
        key = path.read_bytes()
    except OSError as error:
        problem = f"the identity key: cannot read {path}: {error.strerror}; {remedy}"
        raise ConfigurationError([problem]) from None
    if len(key) != KEY_BYTES:
        problem = f"the identity key: {path} has {len(key)} bytes instead of {KEY_BYTES}; {remedy}"
        raise ConfigurationError([problem])
    return IdentityKey(key)


def identity_key_path(settings: Settings, sources_file: Path) -> Path:
    """Where the key is: beside `sources.toml` unless a setting says otherwise."""
    return settings.identity_key_file or sources_file.parent / FILE_NAME


def create_identity_key(path: Path) -> None:
    """Write a new key that only its owner can read. Raises FileExistsError, OSError."""
    path.touch(0o600, exist_ok=False)
    path.write_bytes(secrets.token_bytes(KEY_BYTES))


def require_identity_key(redis: Redis, namespace: str, key: IdentityKey) -> None:
    """Let a namespace without ids have this key. Raises OtherIdentityKeyError, redis.RedisError."""
    theirs = registered_fingerprint(redis, namespace, key.fingerprint)
    if theirs != key.fingerprint:
        raise OtherIdentityKeyError(namespace, theirs, key.fingerprint)
