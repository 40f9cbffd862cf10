"""Checks everything that the numbers need, and says how to fix what is wrong."""

import errno
import http.client
import shlex
import socket
import time
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Literal

from kafka import KafkaAdminClient
from kafka.errors import KafkaError
from redis import Redis
from redis.exceptions import NoPermissionError, RedisError

from stream_app.admin import topics
from stream_app.admin.log_reader import read_log
from stream_app.admin.partitioning import scattered
from stream_app.clients.connections import primary_address, sync_redis
from stream_app.clients.failures import kafka_failure
from stream_app.clients.kafka_rights import Right, needed, needing
from stream_app.clients.ports import free_port
from stream_app.clients.settings import SECRETS, Settings
from stream_app.clients.store_url import StoreKind
from stream_app.store import progress
from stream_app.store.eviction import NO_EVICTION, POLICY, Eviction, eviction
from stream_app.store.generations import serving_keys
from stream_app.store.keys import (
    DEFINITIONS,
    Partition,
    generations_key,
    namespace_glob,
    partition_field,
    stored_definitions,
)
from stream_app.worker.watchdog import KILLED_MEMBER

__all__ = ["Finding", "diagnose"]

_HTTP_TIMEOUT_S = 2.0
_MAX_CLOCK_DIFFERENCE_S = 1.0
_MAX_PRODUCER_AHEAD_S = 60.0
_NEWEST_RECORDS = 100
_REBALANCES = {"PreparingRebalance", "CompletingRebalance"}
_TIMESTAMP_TYPE = "message.timestamp.type"
_MEMORY_WARNING_SHARE = 0.8
# Sessions without a sign of a member after which it is taken for gone.
_SESSIONS = 2
_OLDEST_REDIS = (7, 0)
_OUR_SERVER = "stream-app"
# What the script that writes the numbers takes for granted.
_SCRIPT = "#!lua\nreturn cmsgpack.unpack(cmsgpack.pack('ok'))"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check has found. Whatever is not ok has a `fix`, a command to copy."""

    check: str
    status: Literal["ok", "warning", "failed"]
    detail: str
    fix: str = ""
    unavailable: bool = False
    """Whether it failed because Kafka or the store does not answer, or lets nobody in."""


def diagnose(
    settings: Settings,
    names: Collection[str],
    *,
    together: Sequence[Collection[str]] = (),
    partitions: int = 1,
    definitions: str | None = None,
) -> Iterator[Finding]:
    """Yield the findings as they are made. What is wrong is said in them and not raised.

    `names` are the event topics, `together` the same by the entities that they are about, `partitions` the least that
    each should have, and `definitions` the fingerprint that the stored numbers should carry (None: not looked at).
    Checks that need a server that does not answer are left out. No finding holds a password. Not for use in a running
    event loop.
    """
    found, held = yield from _kafka(settings, names, partitions)
    with closing(sync_redis(settings)) as redis:
        try:
            yield from _redis(settings, redis)
            yield from _ledger(settings, redis, found, together, definitions)
            yield from _members(settings, redis, held & _partitions(found))
        except (RedisError, OSError, ValueError) as error:
            yield Finding(
                "redis",
                "failed",
                f"{settings.redis_url}: {_redacted(settings, error)}",
                "export STREAM_APP_REDIS_URL=redis://HOST:6379/0 # or start one: docker compose up -d redis",
                unavailable=True,
            )
    yield from _ports(settings)


# Kafka ----------------------------------------------------------------------------------------------------------------


def _kafka(
    settings: Settings, names: Collection[str], partitions: int
) -> Generator[Finding, None, tuple[Mapping[str, topics.Topic], frozenset[Partition]]]:
    """Return the event topics that exist, and the partitions that the group says a member holds."""
    try:
        with topics.connected(settings) as admin:
            yield Finding("kafka", "ok", f"{settings.brokers} speaks the protocol of Kafka {_version(admin)}")
            group, held = _group(settings, admin)
            yield group
        wanted = [*names, settings.topic("dlq")]
        found = topics.describe(settings, wanted)
    except (*topics.KAFKA_ERRORS, ValueError) as error:
        yield _kafka_finding(settings, error)
        return {}, frozenset()
    if missing := [name for name in wanted if name not in found]:
        yield Finding("topics", "failed", f"missing: {', '.join(missing)}", "stream-app topics apply")
    dead_letters = settings.topic("dlq")
    problems = [
        problem
        for topic in found.values()
        for problem in topics.shortcomings(settings, topic, 1 if topic.name == dead_letters else partitions)
    ]
    for problem in problems:
        yield Finding("topics", "warning", problem.detail, problem.fix)
    if not missing and not problems:
        yield Finding(
            "topics", "ok", f"{len(found)} topics with {sum(each.partitions for each in found.values())} partitions"
        )
    yield _inbox(settings)
    return {name: topic for name, topic in found.items() if name != dead_letters}, held


def _inbox(settings: Settings) -> Finding:
    """The topic that only those miss who run a gateway; a user of Kafka may have no right to it."""
    name = settings.topic(topics.INBOX)
    try:
        found = topics.describe(settings, [name])
    except topics.KAFKA_ERRORS as error:
        right = needed(error)
        fix = _acl_command(settings, right) if right else "stream-app doctor # again"
        return Finding("inbox", "warning", f"{name} cannot be seen; only `stream-app gateway` needs it", fix)
    if name not in found:
        return Finding("inbox", "warning", f"no topic {name}; only the gateway needs it", "stream-app topics apply")
    problem = next(topics.shortcomings(settings, found[name]), None)
    return Finding("inbox", "warning", problem.detail, problem.fix) if problem else Finding("inbox", "ok", name)


def _kafka_finding(settings: Settings, error: Exception) -> Finding:
    found, right = kafka_failure(error, settings), needed(error)
    if right is not None:
        return Finding("kafka", "failed", found.cause, _acl_command(settings, right), unavailable=True)
    fix = "export STREAM_APP_KAFKA_URL=kafka://HOST:9092 # or start one: docker compose up -d kafka"
    return Finding("kafka", "failed", f"{settings.brokers}: {found.cause}. {found.remedy}", fix, unavailable=True)


def _acl_command(settings: Settings, right: Right) -> str:
    return right.command(settings.brokers, shlex.quote(settings.kafka_username or "NAME"))


def _version(admin: KafkaAdminClient) -> str:
    return ".".join(map(str, admin._manager.broker_version))  # noqa: SLF001 - there is no other way to learn it


def _partitions(found: Mapping[str, topics.Topic]) -> frozenset[Partition]:
    return frozenset((topic.name, number) for topic in found.values() for number in range(topic.partitions))


def _group(settings: Settings, admin: KafkaAdminClient) -> tuple[Finding, frozenset[Partition]]:
    group = settings.consumer_group
    try:
        with needing("DESCRIBE", "group", group):
            described = admin.describe_groups([group])[group]
        state, members = described["group_state"], len(described["members"])
        held = frozenset(
            (each["topic"], number)
            for member in described["members"]
            for each in (member["member_assignment"] or {}).get("assigned_partitions", ())
            for number in each["partitions"]
        )
    except (KafkaError, ValueError, KeyError) as error:
        # A broker that never had a group has no coordinator yet; Tansu's answer for one is beyond kafka-python.
        right = needed(error)
        detail = f"{group}: the broker does not say whether a worker runs ({right or type(error).__name__})"
        fix = "stream-app worker" if right is None else _acl_command(settings, right)
        return Finding("group", "warning", detail, fix), frozenset()
    if members and state in _REBALANCES:
        detail = f"{group}: {members} members, {state}: until that ends nothing is read. {KILLED_MEMBER}"
        fix = f"stream-app worker --group {group}.2 # or start the broker again"
        return Finding("group", "warning", detail, fix), frozenset()
    if members:
        return Finding("group", "ok", f"{group}: {members} members, {state}"), held
    finding = Finding("group", "warning", f"{group}: no worker runs, the group is {state}", "stream-app worker")
    return finding, frozenset()


# Redis ----------------------------------------------------------------------------------------------------------------


def _redis(settings: Settings, redis: Redis) -> Iterator[Finding]:
    redis.ping()
    cli, user = _redis_cli(settings, redis), settings.redis_username or "default"
    try:
        info: dict[str, Any] = redis.info()
    except NoPermissionError:
        yield Finding(
            "redis",
            "warning",
            f"{settings.redis_url} answers, but does not tell version and settings",
            f"{cli} ACL SETUSER {user} +info",
        )
    else:
        yield from _redis_settings(settings, info, cli)
    yield from _eviction(eviction(redis), cli, user)
    before = time.time()
    seconds, microseconds = redis.time()
    ahead = seconds + microseconds / 1e6 - (before + time.time()) / 2
    if abs(ahead) < _MAX_CLOCK_DIFFERENCE_S:
        yield Finding("clock", "ok", f"the store's clock and this one differ by {abs(ahead):.3f} s")
    else:
        where = "ahead of" if ahead > 0 else "behind"
        yield Finding(
            "clock",
            "failed",
            f"the store's clock is {abs(ahead):.1f} s {where} this one",
            "sudo timedatectl set-ntp true # on both machines",
        )
    try:
        # With a key: the right to it is asked for, and of a cluster the server that has the namespace.
        redis.eval(_SCRIPT, 1, generations_key(settings.namespace))
    except RedisError as error:
        yield Finding(
            "script",
            "failed",
            f"the store does not run scripts: {_redacted(settings, error)}",
            f"{cli} ACL SETUSER {user} '~{namespace_glob(settings.namespace)}' +@all -@dangerous +info",
        )
    else:
        yield Finding("script", "ok", "the store runs scripts")


def _redis_settings(settings: Settings, info: Mapping[str, Any], cli: str) -> Iterator[Finding]:
    version = str(info["redis_version"])
    name = f"Valkey {info['valkey_version']}" if "valkey_version" in info else f"Redis {version}"
    if tuple(map(int, version.split(".")[:2])) < _OLDEST_REDIS:
        yield Finding("redis", "failed", f"{settings.redis_url} is {name}, older than 7.0", "docker pull redis:7")
    else:
        yield Finding("redis", "ok", f"{settings.redis_url} is {name}")
    if info.get("aof_enabled"):
        yield Finding("redis persistence", "ok", "the append-only file is on")
    else:
        yield Finding(
            "redis persistence",
            "warning",
            "the append-only file is off: a restart means to compute all anew",
            f"{cli} CONFIG SET appendonly yes && {cli} CONFIG REWRITE",
        )
    used, most = int(info.get("used_memory", 0)), int(info.get("maxmemory", 0))
    if most and used > _MEMORY_WARNING_SHARE * most:
        yield Finding(
            "redis memory",
            "warning",
            f"{used / most:.0%} of maxmemory are in use; once full, nothing is counted",
            f"{cli} CONFIG SET maxmemory {2 * most} && {cli} CONFIG REWRITE",
        )


def _eviction(found: Eviction, cli: str, user: str) -> Iterator[Finding]:
    check = "redis eviction"
    if found.policy is None:
        detail = f"the store tells its {POLICY} neither by INFO nor by CONFIG GET: if it is not {NO_EVICTION}, "
        yield Finding(check, "warning", detail + "numbers vanish under pressure", f"{cli} ACL SETUSER {user} +info")
    elif found.cause:
        fix = f"{cli} CONFIG SET {POLICY} {NO_EVICTION} && {cli} CONFIG REWRITE"
        yield Finding(check, "failed", found.cause, fix)
    elif found.evicted:
        detail = f"nothing is evicted now, but {found.evicted} keys were since the store started, perhaps ours"
        yield Finding(check, "warning", detail, "stream-app audit # and stream-app rebuild if it finds a difference")
    else:
        yield Finding(check, "ok", "nothing is evicted")


def _redis_cli(settings: Settings, redis: Redis) -> str:
    user = f" --user {shlex.quote(settings.redis_username)}" if settings.redis_username else ""
    if settings.store.kind is StoreKind.SERVER:
        server = f"-u {shlex.quote(settings.redis_url)}"
    else:
        host, port = primary_address(redis)
        server = f"-h {host} -p {port}{' --tls' if settings.store.tls else ''}"
    return f"redis-cli {server}{user}{' --askpass' if settings.redis_password else ''}"


# The ledger -----------------------------------------------------------------------------------------------------------


def _ledger(
    settings: Settings,
    redis: Redis,
    found: Mapping[str, topics.Topic],
    together: Sequence[Collection[str]],
    definitions: str | None,
) -> Iterator[Finding]:
    keys = serving_keys(redis, settings.namespace)
    stored: Any = redis.hget(keys.ledger, DEFINITIONS)
    if definitions is not None and stored not in {None, stored_definitions(definitions).encode()}:
        yield Finding(
            "definitions",
            "failed",
            "the stored numbers were computed with other definitions or settings than these",
            "stream-app rebuild",
        )
    elif definitions is not None:
        said = "the stored numbers follow these definitions" if stored else "nothing is stored yet"
        yield Finding("definitions", "ok", said)
    if not found:
        return
    try:
        begins, ends = topics.begins(settings, found), topics.ends(settings, found)
    except (topics.MissingTopicsError, *topics.KAFKA_ERRORS, RuntimeError) as error:
        yield _unread(settings, "ledger", error)
        return
    try:
        newest = _newest(settings, begins, ends)
    except (topics.MissingTopicsError, *topics.KAFKA_ERRORS) as error:
        yield _unread(settings, "ledger", error)
        return
    yield from _producer_clocks(settings, found, newest)
    yield from _partitioning(found, together, newest)
    offsets: Any = redis.hgetall(keys.offsets)
    lag, fine = 0, True
    for (topic, partition), end in sorted(ends.items()):
        offset = offsets.get(partition_field((topic, partition)).encode())
        next_offset, begin = int(offset or 0), begins[topic, partition]
        lag += max(0, end - max(next_offset, begin))
        problem = _offset_problem(next_offset, begin, end, known=offset is not None)
        if problem:
            fine = False
            yield Finding(
                "ledger", "failed" if offset else "warning", f"{topic}[{partition}]: {problem}", "stream-app rebuild"
            )
    if fine and ends:
        yield Finding("ledger", "ok", f"agrees with the log; {lag} records wait")


def _unread(settings: Settings, check: str, error: Exception) -> Finding:
    right = needed(error)
    why = f"not authorized: {right}" if right else _redacted(settings, error)
    fix = _acl_command(settings, right) if right else "stream-app doctor # again"
    return Finding(check, "warning", f"the log could not be read: {why}", fix)


def _newest(settings: Settings, begins: Mapping[Partition, int], ends: Mapping[Partition, int]) -> list[Any]:
    """The newest records of every partition."""
    filled = {source: end for source, end in ends.items() if end > begins[source]}
    firsts = {source: max(end - _NEWEST_RECORDS, begins[source]) for source, end in filled.items()}
    return list(read_log(settings, filled, firsts))


def _partitioning(
    found: Mapping[str, topics.Topic], together: Sequence[Collection[str]], newest: Sequence[Any]
) -> Iterator[Finding]:
    problems = list(scattered(together, {name: topic.partitions for name, topic in found.items()}, newest))
    for problem in problems:
        yield Finding("partitioning", "warning", problem.detail, problem.fix)
    if not problems:
        yield Finding("partitioning", "ok", "the newest events of each entity lie in partitions of one number")


def _producer_clocks(settings: Settings, found: Mapping[str, topics.Topic], newest: Sequence[Any]) -> Iterator[Finding]:
    """Whether the newest records of topics that producers date are ahead of this clock."""
    dated = {name for name, topic in found.items() if topic.config.get(_TIMESTAMP_TYPE, "CreateTime") == "CreateTime"}
    ahead: dict[str, float] = {}
    for record in newest:
        if record.topic not in dated:
            continue
        ahead[record.topic] = max(ahead.get(record.topic, 0), record.timestamp / 1000 - time.time())
    late = {topic: seconds for topic, seconds in sorted(ahead.items()) if seconds > _MAX_PRODUCER_AHEAD_S}
    for topic, seconds in late.items():
        yield Finding(
            "producer clock",
            "warning",
            f"{topic} has CreateTime and records that are {seconds:,.0f} s ahead of this clock: they count in times "
            "that have not come yet",
            "sudo timedatectl set-ntp true # on the producers; or let the broker date new records: "
            + topics.alter_command(settings, topic, f"{_TIMESTAMP_TYPE}=LogAppendTime"),
        )
    if not late:
        yield Finding("producer clock", "ok", "no producer dates records ahead of this clock")


def _offset_problem(stored: int, begin: int, end: int, *, known: bool) -> str | None:
    if stored > end:
        return f"all before offset {stored} is applied, but the log ends at {end}: the topic was made anew or cut"
    if stored < begin and known:
        return f"offsets {stored} to {begin} were deleted from the log before they were applied"
    if stored < begin:
        return f"the log begins at {begin} only, and nothing of it is applied yet: what came before will be missing"
    return None


def _members(settings: Settings, redis: Redis, held: frozenset[Partition]) -> Iterator[Finding]:
    """Yield whether somebody works on the partitions that the group has given to members.

    A broker takes them from a member that is gone, after the session timeout; the embedded one never does.
    """
    if not held:
        return
    keys = serving_keys(redis, settings.namespace)
    silent = progress.unread(redis, keys, held, settings.session_timeout_s * _SESSIONS)
    if not silent:
        yield Finding("members", "ok", f"{len(held)} partitions are held, and their members work on them")
        return
    named = ", ".join(f"{topic}[{number}]" for topic, number in sorted(silent))
    yield Finding(
        "members",
        "failed",
        f"{named}: held by a member that has given no sign for {settings.session_timeout_s * _SESSIONS:.0f} s, as one "
        "does that was killed (the embedded broker never gives its partitions to others) or whose intake was stopped "
        "(its /health says so)",
        progress.go_on(settings.consumer_group),
    )


# Ports ----------------------------------------------------------------------------------------------------------------


def _ports(settings: Settings) -> Iterator[Finding]:
    if settings.exporter_port == settings.worker_port:
        yield Finding(
            "ports",
            "failed",
            f"exporter and worker are both to listen on {settings.worker_port}",
            f"export STREAM_APP_WORKER_PORT={free_port()}",
        )
    yield _port_finding(settings.host, settings.exporter_port, "exporter")
    if settings.worker_port:
        yield _port_finding(settings.host, settings.worker_port, "worker")


def _port_finding(host: str, port: int, service: str) -> Finding:
    check, address = f"{service} port", f"{host}:{port}"
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            if _is_ours(host, port):
                return Finding(check, "ok", f"one of ours answers on {address}")
            fix = f"export STREAM_APP_{service.upper()}_PORT={free_port()}"
            return Finding(check, "failed", f"somebody else listens on {address}", fix)
        if error.errno == errno.EACCES:
            fix = f"export STREAM_APP_{service.upper()}_PORT={free_port()}"
            return Finding(check, "failed", f"{address} is not for everybody ({error.strerror})", fix)
        return Finding(check, "failed", f"{address}: {error.strerror}", "export STREAM_APP_HOST=127.0.0.1")
    return Finding(check, "ok", f"{address} is free")


def _is_ours(host: str, port: int) -> bool:
    with closing(http.client.HTTPConnection(host, port, timeout=_HTTP_TIMEOUT_S)) as connection:
        try:
            connection.request("GET", "/")
            return _OUR_SERVER in (connection.getresponse().getheader("Server") or "")
        except (OSError, http.client.HTTPException):
            return False


def _redacted(settings: Settings, error: Exception) -> str:
    """Return an error in one line, without what must not be seen."""
    said = " ".join(f"{type(error).__name__}: {error}".split())
    for name in SECRETS:
        secret = getattr(settings, name)
        if secret is not None and (hidden := secret.get_secret_value()):
            said = said.replace(hidden, "***")
    return said
