"""Why Kafka or Redis did not do what was wanted, and what to do about it. Every command and the worker ask here.

Exceptions are recognized by name: a command that needs no Kafka should not wait for three Kafka clients to be imported.
No text of an exception is passed on but that of Redis's own error codes, which hold no keys and no values.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from stream_app.clients.kafka_probe import SaslRequiredError, probe
from stream_app.clients.kafka_rights import needed
from stream_app.clients.settings import PREFIX, Settings

_DOCS: Final = "see docs/production.md"


@dataclass(frozen=True, slots=True)
class Failure:
    """What is wrong with a server, and what to do."""

    server: str
    cause: str
    remedy: str

    def __str__(self) -> str:
        """One line for a log or a terminal."""
        return f"{self.server}: {self.cause}. {self.remedy}"


@dataclass(frozen=True, slots=True)
class _Server:
    """How a server is called, and how its address, TLS and authority are set."""

    name: str
    address: str
    tls: str
    no_tls: str
    authority: str


def failure(error: BaseException, settings: Settings) -> Failure | None:
    """The failure of a server behind an exception; None if the exception is about something else.

    Kafka's clients often keep to themselves why they gave up: then each broker is asked, for 5 s at most.
    """
    names = set(_names(error))
    if names & {"kafka.KafkaError", "aiokafka.KafkaError"}:
        return kafka_failure(error, settings)
    if "redis.RedisError" in names:
        return redis_failure(error, settings)
    return None


def redis_failure(error: BaseException, settings: Settings) -> Failure:
    """Why Redis failed."""
    where = f"Redis at {settings.redis_url}"
    names, text = set(_names(error)), str(error)
    if "redis.AuthenticationError" in names:
        return Failure(where, *_REDIS_PASSWORD)
    for name, code, remedy in _REDIS_ERRORS:
        if name in names and (not name.endswith("ResponseError") or text.startswith(code)):
            said = text.removeprefix(code).strip().rstrip(".")
            return Failure(where, f"{code}: {said}", remedy)
    server = _Server(
        where,
        f"{PREFIX}REDIS_URL",
        "rediss:// in STREAM_APP_REDIS_URL",
        "redis:// in STREAM_APP_REDIS_URL",
        f"{PREFIX}REDIS_CA_FILE",
    )
    return _connection_failure(error, server, _IN_TLS if settings.store.tls else _PLAIN)


_REDIS_PASSWORD: Final = (
    "wrong user name or password, or none where one is needed",
    f"Set {PREFIX}REDIS_USERNAME and {PREFIX}REDIS_PASSWORD_FILE",
)
_REDIS_ERRORS: Final = (
    ("redis.NoPermissionError", "NOPERM", f"Give the user its rights: {_DOCS}"),
    ("redis.ReadOnlyError", "READONLY", f"That is a replica: let {PREFIX}REDIS_URL name the primary"),
    ("redis.OutOfMemoryError", "OOM", "Raise maxmemory; nothing is lost meanwhile"),
    ("redis.BusyLoadingError", "LOADING", "Wait until it has read its data"),
    ("redis.ResponseError", "MISCONF", "Look at its log and its disk: it cannot save"),
    ("redis.ResponseError", "BUSY", "Somebody's script does not end: redis-cli SCRIPT KILL"),
    ("redis.ResponseError", "NOREPLICAS", "Bring its replicas back, or lower min-replicas-to-write"),
    ("redis.ResponseError", "CLUSTERDOWN", "Bring the missing nodes of the cluster back"),
    ("redis.ResponseError", "MASTERDOWN", "Bring the primary of this replica back"),
)


def kafka_failure(error: BaseException, settings: Settings) -> Failure:
    """Why Kafka failed."""
    found = kafka_refusal(error, settings) or kafka_trouble(settings)
    gave_up = f"a broker answers, but the client gave up ({type(error).__name__})"
    return found or Failure(f"Kafka at {settings.kafka_url}", gave_up, _ASK_DOCTOR)


def kafka_refusal(error: BaseException, settings: Settings) -> Failure | None:
    """What Kafka has refused, if the exception says so by itself: no broker is asked."""
    names = {name.partition(".")[2] for name in _names(error)}
    for name, cause, remedy in _KAFKA_ERRORS:
        if name in names:
            return Failure(f"Kafka at {settings.kafka_url}", cause.format(right=_missing_right(error)), remedy)
    return None


def kafka_trouble(settings: Settings) -> Failure | None:
    """Why nobody gets into Kafka with these settings; None if all brokers answer, and take the password.

    Each broker is asked, for 5 s at most and twice that with a password. Not for use in a running event loop.
    """
    where = f"Kafka at {settings.kafka_url}"
    reason = probe(settings)
    if reason is None:
        return None
    if found := kafka_refusal(reason, settings):
        return found
    if isinstance(reason, SaslRequiredError):
        return Failure(where, "it closes the connection of whoever does not authenticate", _SASL)
    server = _Server(
        where,
        f"{PREFIX}KAFKA_URL",
        f"{PREFIX}KAFKA_SECURITY=ssl, or sasl_ssl",
        f"{PREFIX}KAFKA_SECURITY=plaintext, or sasl_plaintext",
        f"{PREFIX}KAFKA_CA_FILE",
    )
    in_tls = settings.kafka_security.endswith("ssl")
    return _connection_failure(reason, server, f"{_IN_TLS if in_tls else _PLAIN}, or it is no Kafka")


_PLAIN: Final = "perhaps TLS is spoken there"
_IN_TLS: Final = "perhaps no TLS is spoken there, or it wants a certificate of the client"
_ASK_DOCTOR: Final = "Run `stream-app doctor`"
_SASL: Final = f"Set {PREFIX}KAFKA_SECURITY=sasl_ssl, {PREFIX}KAFKA_USERNAME and {PREFIX}KAFKA_PASSWORD_FILE"
_MISSING: Final = "not authorized: {right}"
_ADD_ACL: Final = f"Add the ACL: {_DOCS}"
_KAFKA_ERRORS: Final = (
    ("SaslAuthenticationFailedError", "wrong user name or password", _SASL),
    ("AuthenticationFailedError", "wrong user name or password", _SASL),
    ("SaslAuthenticationFailed", "wrong user name or password", _SASL),
    (
        "UnsupportedSaslMechanismError",
        "the SASL mechanism is not enabled there",
        f"Set {PREFIX}KAFKA_SASL_MECHANISM to one that is",
    ),
    ("IllegalSaslStateError", "that listener has no SASL", f"Set {PREFIX}KAFKA_SECURITY=ssl, or plaintext"),
    ("TopicAuthorizationFailedError", _MISSING, _ADD_ACL),
    ("GroupAuthorizationFailedError", _MISSING, _ADD_ACL),
    ("ClusterAuthorizationFailedError", _MISSING, _ADD_ACL),
    (
        "FencedInstanceIdError",
        "another worker has joined the group with this one's instance id (FENCED_INSTANCE_ID)",
        f"Give each worker an {PREFIX}INSTANCE_ID of its own",
    ),
    (
        "CorruptRecordException",
        "a record batch is damaged: its checksum is wrong",
        "Look at the log of the broker and at its disk; `kafka-dump-log.sh` shows the batch",
    ),
    (
        "NotEnoughReplicasError",
        "fewer replicas are in sync than min.insync.replicas",
        "Bring the missing brokers back; nothing is lost meanwhile",
    ),
)


def _missing_right(error: BaseException) -> str:
    """The operation and the resource of an authorization error; topics and groups name no person."""
    if right := needed(error):
        return str(right)
    names = [each for argument in error.args for each in (argument if isinstance(argument, set) else [argument])]
    return ", ".join(map(str, names)) or "it does not say for what"


def _connection_failure(error: BaseException, server: _Server, perhaps: str) -> Failure:
    seen = list(_chain(error))
    kinds = {kind.__name__ for each in seen for kind in type(each).__mro__}
    text = " ".join(map(str, seen))
    for pattern, cause, remedy in _CONNECTION:
        if re.search(pattern, f"{' '.join(sorted(kinds))} {text}"):
            return Failure(server.name, cause.format(perhaps=perhaps), remedy.format(server=server))
    return Failure(server.name, f"the connection failed ({type(error).__name__})", _ASK_DOCTOR)


_TO_SET: Final = "Correct {server.address}"
_CLOSED: Final = "ClosedAtOnce|[Cc]onnection (closed by server|lost)|ConnectionReset|IncompleteRead|EOF occurred|_EOF"
_CONNECTION: Final = (
    (r"MasterNotFound", "no sentinel answers, or none knows a primary of that name", _TO_SET),
    (
        r"ClusterUnavailable",
        "no server of the cluster answers, or none has the slot of the namespace",
        "Look at `redis-cli cluster info`, and at {server.address}",
    ),
    (r"certificate has expired", "its certificate has expired", "Renew it"),
    (
        r"[Hh]ostname mismatch|IP address mismatch",
        "its certificate is for another name",
        "Let {server.address} have a name that stands in it",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED",
        "its certificate is signed by an authority that is not known here",
        "Let {server.authority} name the authority's certificate",
    ),
    (
        r"(?i)certificate[ _]required|bad[ _]certificate|handshake[ _]failure",
        "it wants a certificate of the client, and refuses what it gets",
        f"Set {PREFIX}KAFKA_CERT_FILE and {PREFIX}KAFKA_KEY_FILE; for Redis set tls-auth-clients no",
    ),
    (
        r"WRONG_VERSION_NUMBER|packet length|RECORD_LAYER",
        "it speaks no TLS there",
        "Set {server.no_tls}, or the port that speaks TLS",
    ),
    (
        r"ConnectionRefused|[Cc]onnection refused|Connect call failed|Errno 111",
        "nothing listens there",
        "Start it, or correct {server.address}",
    ),
    (r"gaierror|Name or service not known|name resolution|nodename nor", "no such host name", _TO_SET),
    (r"unreachable|No route to host", "there is no way to that host", _TO_SET),
    (
        _CLOSED,
        "it closes the connection: {perhaps}",
        "Correct {server.address}, or set {server.tls}",
    ),
    (
        r"[Tt]imeout|timed out",
        "it does not answer: {perhaps}",
        "Look at the host and its firewall, and at {server.address}",
    ),
)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception with those behind it."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for each in error.exceptions:
                yield from _chain(each)
        error = error.__cause__ or error.__context__


def _names(error: BaseException) -> Iterator[str]:
    """`package.Class` of an exception and of its bases."""
    for each in error.exceptions if isinstance(error, BaseExceptionGroup) else (error,):
        for kind in type(each).__mro__:
            yield f"{kind.__module__.partition('.')[0]}.{kind.__name__}"
