"""A real Apache Kafka that checks who comes and what they may do. Needs Java 17 and Maven."""

from pathlib import Path
from types import TracebackType
from typing import Self

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from stream_app.clients.ports import free_port
from stream_app.demo.embedded_servers import Server
from tests.servers.kafka import answers, format_and_command

PLAIN_USER, PLAIN_PASSWORD = "plain", "plain-secret"
_MODULE = "org.apache.kafka.common.security"
_SETTINGS = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
inter.broker.listener.name=INSIDE
listener.security.protocol.map=INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT,TLS:SASL_SSL
listeners=INSIDE://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},SASL://127.0.0.1:{sasl},TLS://127.0.0.1:{tls}
advertised.listeners=INSIDE://127.0.0.1:{port},SASL://127.0.0.1:{sasl},TLS://127.0.0.1:{tls}
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
{logins}
listener.name.tls.ssl.keystore.type=PEM
listener.name.tls.ssl.keystore.location={keystore}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
allow.everyone.if.no.acl.found=false
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.num.partitions=3
offsets.topic.replication.factor=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.dedupe.buffer.size=4194304
"""


class SecuredKafka:
    """One node, as a context manager. Whoever comes to `direct` may do everything, others what `allow` says."""

    def __init__(self, directory: Path) -> None:
        """Nothing runs yet. Raises UnavailableError where Java, Maven or the download is missing."""
        authority = trustme.CA()
        directory.mkdir(parents=True, exist_ok=True)
        self.authority_file = directory / "ca.pem"
        authority.cert_pem.write_to_path(str(self.authority_file))
        keystore = directory / "keystore.pem"
        _write_keystore(authority.issue_cert("127.0.0.1"), keystore)
        sasl, tls = free_port(), free_port()
        self.sasl, self.tls = f"127.0.0.1:{sasl}", f"127.0.0.1:{tls}"
        text = _SETTINGS.format(
            port="{port}",
            controller=free_port(),
            sasl=sasl,
            tls=tls,
            logins="\n".join(_logins()),
            keystore=keystore,
            data=directory / "data",
        )
        self.server = Server("secured-kafka", directory, format_and_command(directory, text), answers, timeout_s=60)

    def __enter__(self) -> Self:
        """Start it."""
        self.server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.server.kill()

    @property
    def direct(self) -> str:
        """The `host:port` that needs no password and has every right."""
        return self.server.address

    def set_password(self, user: str, password: str) -> None:
        """Let a user log in by SCRAM-SHA-512, with this password and no other."""
        change = UserScramCredentialUpsertion(user, ScramMechanism.SCRAM_SHA_512, password.encode(), iterations=4096)
        with self._admin() as admin:
            assert not any(admin.alter_user_scram_credentials([change]).values())

    def allow(self, user: str, operation: str, kind: str, name: str, *, prefixed: bool = False) -> None:
        """Let a user do something to a topic, a group or the cluster, or to all whose names begin so."""
        with self._admin() as admin:
            assert not admin.create_acls([_acl(user, operation, kind, name, prefixed=prefixed)])["failed"]

    def withdraw(self, user: str, operation: str, kind: str, name: str, *, prefixed: bool = False) -> None:
        """Take back what was allowed."""
        with self._admin() as admin:
            [(_, taken, _)] = admin.delete_acls([_acl(user, operation, kind, name, prefixed=prefixed)])
        assert taken

    def _admin(self) -> KafkaAdminClient:
        return KafkaAdminClient(bootstrap_servers=self.direct)


def _acl(user: str, operation: str, kind: str, name: str, *, prefixed: bool) -> ACL:
    pattern = ACLResourcePatternType.PREFIXED if prefixed else ACLResourcePatternType.LITERAL
    resource = ResourcePattern(ResourceType[kind.upper()], name, pattern)
    return ACL(f"User:{user}", "*", ACLOperation[operation], ACLPermissionType.ALLOW, resource)


def _logins() -> list[str]:
    plain = f'{_MODULE}.plain.PlainLoginModule required user_{PLAIN_USER}="{PLAIN_PASSWORD}";'
    scram = f"{_MODULE}.scram.ScramLoginModule required;"
    return [
        f"listener.name.{listener}.{mechanism}.sasl.jaas.config={login}"
        for listener in ("sasl", "tls")
        for mechanism, login in (("plain", plain), ("scram-sha-512", scram))
    ]


def _write_keystore(certificate: trustme.LeafCert, path: Path) -> None:
    """Write key and certificates as Kafka reads them: the key in PKCS #8."""
    key = load_pem_private_key(certificate.private_key_pem.bytes(), None)
    chain = b"".join(each.bytes() for each in certificate.cert_chain_pems)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + chain)
