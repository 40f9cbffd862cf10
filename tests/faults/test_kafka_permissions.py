"""A real Kafka that checks passwords and rights: what is refused is named, nothing ends, and it goes on once mended."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.intake.running import Running
from tests.servers.cluster import Cluster
from tests.servers.java import UnavailableError
from tests.servers.secured_kafka import PLAIN_USER, SecuredKafka
from tests.system.event_sets import UNTIL, EventSet, RecordToSend
from tests.system.expectations import assert_exact
from tests.system.installation import Installation, answer, port
from tests.system.processes import CommandProcess, eventually

_PRODUCTION = Path(__file__).parents[2] / "docs" / "production.md"
_PASSWORD = "secret"  # noqa: S105 - of a server that lives for a minute
_UNAVAILABLE = 69
_BAD = RecordToSend("lead", None, b"no event")


class Grant(NamedTuple):
    """One line of Kafka's ACLs."""

    operation: str
    kind: str
    name: str
    prefixed: bool = False


@pytest.fixture(scope="module")
def kafka_with_rights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    """Run one; skip where none can be had."""
    try:
        server = SecuredKafka(tmp_path_factory.mktemp("secured"))
    except UnavailableError as reason:
        pytest.skip(str(reason))
    with server:
        yield server


@pytest.fixture
def secured(kafka_with_rights: SecuredKafka) -> SecuredKafka:
    return kafka_with_rights


@pytest.fixture
def installation(secured: SecuredKafka, redis_url: str, namespace: str, tmp_path: Path) -> Iterator[Installation]:
    """Return one whose programs have a password and no right, while the test has every right."""
    secured.set_password(namespace, _PASSWORD)
    login = {
        "kafka_url": f"kafka://{secured.sasl}",
        "kafka_security": "sasl_plaintext",
        "kafka_username": namespace,
        "kafka_password": _PASSWORD,
    }
    with Installation(Cluster(secured.direct), redis_url, namespace, tmp_path, **login) as made:
        yield made


def _worker_rights(namespace: str) -> list[Grant]:
    return [
        Grant("READ", "topic", f"{namespace}.", prefixed=True),
        Grant("READ", "group", namespace),
        Grant("WRITE", "topic", f"{namespace}.dlq"),
    ]


def _allow(secured: SecuredKafka, user: str, *grants: Grant) -> None:
    for grant in grants:
        secured.allow(user, grant.operation, grant.kind, grant.name, prefixed=grant.prefixed)


# Passwords ------------------------------------------------------------------------------------------------------------

_REFUSED: Mapping[str, tuple[dict[str, str], str]] = {
    "wrong password": ({"kafka_password": "wrong"}, "wrong user name or password"),
    "wrong PLAIN password": (
        {"kafka_sasl_mechanism": "PLAIN", "kafka_username": PLAIN_USER},
        "wrong user name or password",
    ),
    "mechanism not enabled": (
        {"kafka_sasl_mechanism": "SCRAM-SHA-256"},
        "the SASL mechanism is not enabled there. Set STREAM_APP_KAFKA_SASL_MECHANISM",
    ),
}


@pytest.mark.parametrize("fault", _REFUSED)
def test_commands_and_a_worker_say_why_they_are_not_let_in(
    secured: SecuredKafka, installation: Installation, fault: str
) -> None:
    del secured
    given, cause = _REFUSED[fault]
    health = port()
    worker = installation.worker(worker_port=health, **given)
    for command in (("topics", "apply"), ("worker", "--drain")):
        before = installation.logs.count(cause)
        code, _ = installation.try_run(*command, **given)
        assert (command, code) == (command, _UNAVAILABLE)
        assert installation.logs.count(cause) > before
    code, printed = installation.try_run("doctor", **given)
    assert code == _UNAVAILABLE
    assert cause in printed
    answer(health, "/health", worker, lambda page: page.status == HTTPStatus.SERVICE_UNAVAILABLE and cause in page.text)
    assert worker.said.count(cause) == 1


def test_a_worker_that_is_not_let_in_goes_on_when_its_password_is_right(
    secured: SecuredKafka, installation: Installation, small_set: EventSet
) -> None:
    user = installation.namespace
    _allow(secured, user, *_worker_rights(user))
    installation.create_topics()
    installation.produce(small_set.records)
    secured.set_password(user, "another")
    health = port()
    worker = installation.worker(worker_port=health)
    answer(health, "/health", worker, lambda page: "wrong user name or password" in page.text)
    secured.set_password(user, _PASSWORD)
    installation.await_all_applied(worker)
    answer(health, "/health", worker, lambda page: page.status == HTTPStatus.OK)
    assert worker.stop() == 0
    assert_exact(installation, small_set.events, UNTIL)


@pytest.mark.parametrize(
    ("security", "to", "cause"),
    [
        ("plaintext", "sasl", "it closes the connection of whoever does not authenticate"),
        ("sasl_plaintext", "tls", "it closes the connection: perhaps TLS is spoken there"),
        ("sasl_ssl", "sasl", "perhaps no TLS is spoken there"),
    ],
    ids=["no password", "no TLS", "TLS where there is none"],
)
def test_a_worker_names_what_does_not_fit_the_listener(
    secured: SecuredKafka, installation: Installation, security: str, to: str, cause: str
) -> None:
    health = port()
    given = {"kafka_url": f"kafka://{getattr(secured, to)}", "kafka_security": security}
    authority = {"kafka_ca_file": str(secured.authority_file)}
    worker = installation.worker(worker_port=health, **given, **authority)
    answer(health, "/health", worker, lambda page: page.status == HTTPStatus.SERVICE_UNAVAILABLE and cause in page.text)
    assert worker.stop() == 0


# Rights of a worker ---------------------------------------------------------------------------------------------------

_Expected = Callable[[str], tuple[Grant, str]]
_TAKEN: Mapping[str, _Expected] = {
    "topics": lambda name: (Grant("READ", "topic", f"{name}.", prefixed=True), f"READ on topic {name}.lead"),
    "group": lambda name: (Grant("READ", "group", name), f"READ on group {name}"),
    "dead letters": lambda name: (Grant("WRITE", "topic", f"{name}.dlq"), f"WRITE on topic {name}.dlq"),
}


def _await_named(health: str, worker: CommandProcess, right: str) -> None:
    said = f"not authorized: {right}. Add the ACL: see docs/production.md"
    answer(health, "/health", worker, lambda page: page.status == HTTPStatus.SERVICE_UNAVAILABLE and said in page.text)
    assert said in worker.said


@pytest.mark.parametrize("what", _TAKEN)
@pytest.mark.parametrize("when", ["from the start", "later"])
def test_a_worker_waits_for_a_right_that_is_missing(
    secured: SecuredKafka, installation: Installation, small_set: EventSet, what: str, when: str
) -> None:
    user = installation.namespace
    grant, right = _TAKEN[what](user)
    _allow(secured, user, *_worker_rights(user))
    installation.create_topics()
    health = port()
    first, second = small_set.parts(2)
    if when == "later":
        worker = installation.worker(worker_port=health)
        installation.produce(first)
        installation.await_all_applied(worker)
        secured.withdraw(user, *grant[:3], prefixed=grant.prefixed)
    else:
        secured.withdraw(user, *grant[:3], prefixed=grant.prefixed)
        installation.produce(first)
        worker = installation.worker(worker_port=health)
    installation.produce([_BAD, *second])
    _await_named(health, worker, right)
    _allow(secured, user, grant)
    installation.await_all_applied(worker)
    answer(health, "/health", worker, lambda page: page.status == HTTPStatus.OK)
    assert worker.stop() == 0
    assert {each.value for each in installation.dead_letters()} == {_BAD.value}
    assert_exact(installation, small_set.events, UNTIL)


def test_a_topic_that_may_be_seen_and_not_read_stops_alone(
    secured: SecuredKafka, installation: Installation, small_set: EventSet
) -> None:
    user = installation.namespace
    seen = f"{user}.billing"
    readable = [Grant("READ", "topic", topic) for topic in installation.topics if topic != seen]
    missing = Grant("READ", "topic", seen)
    _allow(secured, user, *_worker_rights(user)[1:], *readable, Grant("DESCRIBE", "topic", seen))
    installation.create_topics()
    installation.produce(small_set.records)
    health = port()
    worker = installation.worker(worker_port=health)
    _await_named(health, worker, f"READ on topic {seen}")
    others = {source: end for source, end in installation.ends().items() if end and source[0] != seen}
    eventually(lambda: others.items() <= installation.ledger().items(), "the others are read", worker)
    health_page = json.loads(answer(health, "/health", worker))
    assert {name.partition("[")[0] for name in health_page["unreadable_partitions"]} == {seen}
    assert f'\nstream_app_intake_stopped{{topic="{seen}"}} 1.0\n' in answer(health, "/metrics", worker)
    _allow(secured, user, missing)
    installation.await_all_applied(worker)
    answer(health, "/health", worker, lambda page: page.status == HTTPStatus.OK)
    assert worker.stop() == 0
    assert_exact(installation, small_set.events, UNTIL)


def test_a_gateway_names_the_right_that_is_missing_and_goes_on(
    secured: SecuredKafka, installation: Installation, tmp_path: Path
) -> None:
    user = installation.namespace
    direct = {"kafka_url": f"kafka://{secured.direct}", "kafka_security": "plaintext"}
    installation.run("topics", "apply", **direct)
    inbox = Grant("WRITE", "topic", f"{user}.inbox")
    _allow(secured, user, *(Grant("WRITE", "topic", topic) for topic in installation.topics))
    gateway = Running(installation, tmp_path)
    for grant in (Grant("DESCRIBE", "topic", inbox.name), inbox):
        if grant is inbox:
            # It is seen by now; that it may not be written to shows when it is.
            eventually(lambda: gateway.post({"do": "ignore"})[0] == HTTPStatus.SERVICE_UNAVAILABLE, "a post is refused")
        named = f"not authorized: WRITE on topic {inbox.name}"
        answer(gateway.metrics_at, "/health", gateway.process, lambda page, named=named: named in page.text)  # type: ignore[misc]
        _allow(secured, user, grant)
    gateway.ready()
    eventually(lambda: gateway.post({"do": "ignore"})[0] == HTTPStatus.OK, "a post is taken", gateway.process)


# Rights of commands ---------------------------------------------------------------------------------------------------


def test_commands_name_the_right_that_is_missing(
    secured: SecuredKafka, installation: Installation, small_set: EventSet, tmp_path: Path
) -> None:
    user = installation.namespace
    events = tmp_path / "events.jsonl"
    events.write_bytes(b"\n".join(each.value for each in small_set.records[:100]))
    direct = {"kafka_url": f"kafka://{secured.direct}", "kafka_security": "plaintext"}

    def refused(right: str, *command: str) -> None:
        code, _ = installation.try_run(*command)
        assert (command, code) == (command, _UNAVAILABLE)
        assert f"not authorized: {right}" in installation.logs

    refused(f"DESCRIBE on topic {user}.billing, {user}.dlq", "topics", "apply")
    _allow(secured, user, Grant("DESCRIBE", "topic", f"{user}.", prefixed=True))
    refused(f"CREATE on topic {user}.", "topics", "apply")
    installation.run("topics", "apply", **direct)
    refused(f"WRITE on topic {user}.", "produce", str(events))
    installation.run("produce", str(events), **direct)
    installation.run("worker", "--drain", **direct)
    refused(f"READ on topic {user}.", "audit")
    findings = {each["check"]: each for each in json.loads(installation.try_run("doctor", "--json")[1])}
    assert f"not authorized: READ on topic {user}." in findings["ledger"]["detail"]
    assert f"--operation READ --topic {user}." in findings["ledger"]["fix"]
    _allow(secured, user, Grant("READ", "topic", f"{user}.", prefixed=True))
    installation.run("audit")
    installation.run("produce", str(events), **direct)
    refused(f"READ on group {user}", "worker", "--drain")
    refused(f"READ on group {user}.rebuild", "rebuild")
    findings = {each["check"]: each for each in json.loads(installation.try_run("doctor", "--json")[1])}
    assert f"DESCRIBE on group {user}" in findings["group"]["detail"]
    assert findings["group"]["fix"].endswith(f"--allow-principal User:{user} --operation DESCRIBE --group {user}")


def _documented(namespace: str) -> dict[str, list[Grant]]:
    """Return what the table of ACLs in docs/production.md gives to whom."""
    text = _PRODUCTION.read_text().replace("lifecycle", namespace)
    rows = re.findall(r"^\| (?!who \||-)(.+?) \| (.*?)\| (.*?)\| (.*?)\|$", text.partition("**ACLs**")[2], re.MULTILINE)
    found: dict[str, list[Grant]] = {}
    for who, topics, dead_letters, group in rows:
        grants = [Grant(each, "topic", f"{namespace}.", prefixed=True) for each in re.findall(r"\w+", topics)]
        grants += [Grant(each, "topic", f"{namespace}.dlq") for each in re.findall(r"\w+", dead_letters)]
        grants += [Grant(each, "group", name) for each, name in re.findall(r"(\w+) on `(.+?)`", group)]
        found[who] = grants
    return found


def test_the_documented_rights_are_enough_by_tls(
    secured: SecuredKafka, installation: Installation, small_set: EventSet, tmp_path: Path
) -> None:
    name = installation.namespace
    roles = _documented(name)
    login: dict[str, dict[str, str]] = {}
    for number, (role, grants) in enumerate(roles.items()):
        user = f"{name}-{number}"
        secured.set_password(user, _PASSWORD)
        _allow(secured, user, *grants)
        by_tls = {"kafka_url": f"kafka://{secured.tls}", "kafka_security": "sasl_ssl"}
        login[role] = by_tls | {"kafka_ca_file": str(secured.authority_file), "kafka_username": user}
    events = tmp_path / "events.jsonl"
    events.write_bytes(b"\n".join(each.value for each in small_set.records))
    installation.run("topics", "apply", **login["whoever runs `topics apply`"])
    installation.run("produce", str(events), **login["producers"])
    health = port()
    worker = installation.worker(worker_port=health, **login["workers"])
    installation.produce([_BAD])
    installation.await_all_applied(worker)
    answer(health, "/health", worker, lambda page: page.status == HTTPStatus.OK)
    findings = {
        each["check"]: each["status"]
        for each in json.loads(installation.try_run("doctor", "--json", **login["whoever runs `doctor`"])[1])
    }
    assert {findings[check] for check in ("kafka", "group", "topics", "ledger", "members")} == {"ok"}
    assert json.loads(installation.run("audit", "--json", **login["whoever runs `audit`"]))["differences"] == []
    assert "malformed" in installation.run("dlq", "list", **login["whoever runs `dlq list`, `dlq show`"])
    reader = login["whoever runs `topics list`, `tail`"]
    assert f"{name}.lead" in installation.run("topics", "list", **reader)
    assert installation.run("tail", "--last", "1", "--count", "1", **reader)
    installation.run("dlq", "retry", **login["whoever runs `dlq retry`"])
    installation.run("rebuild", **login["whoever runs `rebuild`"])
    installation.await_all_applied(worker)
    assert worker.stop() == 0
    assert_exact(installation, small_set.events, UNTIL)
    gateway = Running(installation, tmp_path, **login["gateways"]).ready()
    assert gateway.post({"do": "ignore"})[0] == HTTPStatus.OK
    (tmp_path / "sources.toml").write_text("")
    files = {"sources_file": str(tmp_path / "sources.toml")}
    installation.run("sources", **files, **login["whoever runs `sources`"])
    replay = login["whoever runs `replay`, `import`"] | files
    assert json.loads(installation.run("replay", "--json", **replay))["skipped"]
    reasons = tmp_path / "events.csv"
    reasons.write_text("")
    installation.run("import", "sendgrid-events", str(reasons), **replay)
    assert len(login) == 12
