"""Every key in Redis and every field in it. `docs/data-model.md` describes what `KEYS` declares, and nothing else.

One namespace is one hash tag, so that all of it is one slot of a cluster.
"""

import hashlib
from dataclasses import dataclass

from stream_app.core.deltas import SEPARATOR, series_field
from stream_app.spec.window import Grain

Partition = tuple[str, int]
"""A topic and the number of a partition of it."""

FIRST_GENERATION = "1"
"""The generation that serves while nothing is said about generations."""

SERVING = "serving"
BUILDING = "building"

DEFINITIONS = "definitions"

VERSION = ""
"""The field of a bucket, of the levels and of their changes that holds the version of the last commit to it."""


@dataclass(frozen=True, slots=True)
class KeyPattern:
    """A kind of key: its type, and the fields of the hash or the members of the set.

    `<name>` stands for a part that varies, `␟` for the unit separator (U+001F).
    """

    key: str
    type: str
    fields: tuple[str, ...] = ()


KEYS: tuple[KeyPattern, ...] = (
    KeyPattern("{<namespace>}:generations", "hash", (SERVING, BUILDING)),
    KeyPattern("{<namespace>}:exporters", "zset", ("<exporter>",)),
    KeyPattern("{<namespace>}:identity", "string"),
    KeyPattern("{<namespace>}:sources", "hash", ("seen:<source>", "received:<source>")),
    KeyPattern("{<namespace>}:<generation>:ledger", "hash", (DEFINITIONS, "newest:<grain>", "swept:<grain>")),
    KeyPattern("{<namespace>}:<generation>:offsets", "hash", ("<topic>:<partition>",)),
    KeyPattern("{<namespace>}:<generation>:current", "hash", ("<topic>:<partition>",)),
    KeyPattern("{<namespace>}:<generation>:<grain>:<number>", "hash", ("<series>", VERSION)),
    KeyPattern("{<namespace>}:<generation>:level", "hash", ("<series>", VERSION)),
    KeyPattern("{<namespace>}:<generation>:level:<number>", "hash", ("<series>", VERSION)),
    KeyPattern("{<namespace>}:<generation>:due", "set", ("<series>",)),
    KeyPattern("{<namespace>}:<generation>:due:<series>", "zset", ("<lead>␟<enrollment>", "<lead>")),
    KeyPattern("{<namespace>}:<generation>:<entity>:<id>", "string"),
)

_OF_NUMBERS = tuple(pattern for pattern in KEYS if "<generation>" in pattern.key)

LAYOUT = hashlib.sha256(repr(_OF_NUMBERS).encode()).hexdigest()[:4]
"""Changes whenever a key or a field of the numbers does: those that were stored under other keys are refused."""


def stored_definitions(definitions: str) -> str:
    """What the ledger keeps of the definitions (see `catalog.fingerprint`): with the layout of the keys."""
    return f"{definitions}.{LAYOUT}"


def generations_key(namespace: str) -> str:
    """The hash that says which generation serves and which is being built."""
    return f"{_namespace_prefix(namespace)}generations"


def absent_key(namespace: str) -> str:
    """A key that never exists. Scripts name it among theirs, because they come to other keys by themselves.

    While a slot of a cluster moves, a server answers TRYAGAIN where it has some of the named keys and not others. So no
    script ever sees a part of the keys and takes the rest for empty.
    """
    return f"{_namespace_prefix(namespace)}absent"


def exporters_key(namespace: str) -> str:
    """The sorted set of the exporters that are scraped."""
    return f"{_namespace_prefix(namespace)}exporters"


def identity_key(namespace: str) -> str:
    """The string that holds the fingerprint of the key that the ids of persons are made with."""
    return f"{_namespace_prefix(namespace)}identity"


def sources_key(namespace: str) -> str:
    """The hash that says which sources gateways take, and when each posted something last."""
    return f"{_namespace_prefix(namespace)}sources"


def namespace_glob(namespace: str) -> str:
    """Matches every key of a namespace, in Redis's ACL and SCAN."""
    return f"{_namespace_prefix(namespace)}*"


@dataclass(frozen=True, slots=True)
class GenerationKeys:
    """The keys of one generation of a namespace's numbers."""

    prefix: str

    @classmethod
    def of(cls, namespace: str, generation: str) -> "GenerationKeys":
        """The keys of a generation by its number."""
        return cls(f"{_namespace_prefix(namespace)}{generation}:")

    @property
    def glob(self) -> str:
        """Matches every key of the generation in Redis's SCAN."""
        return f"{self.prefix}*"

    @property
    def ledger(self) -> str:
        """The hash of what is known of the numbers: their definitions, the newest event, what is swept."""
        return f"{self.prefix}ledger"

    @property
    def offsets(self) -> str:
        """The hash of each partition's next offset."""
        return f"{self.prefix}offsets"

    @property
    def current(self) -> str:
        """The hash of when each partition was last seen applied as a whole."""
        return f"{self.prefix}current"

    @property
    def levels(self) -> str:
        """The hash of the levels."""
        return f"{self.prefix}level"

    @property
    def level_changes_prefix(self) -> str:
        """What the hash of a day's changes of levels begins with; the number of the day follows."""
        return f"{self.prefix}level:"

    def level_changes(self, day: int) -> str:
        """The hash of the changes of levels on a day."""
        return f"{self.level_changes_prefix}{day}"

    @property
    def due_series(self) -> str:
        """The set of the series that have due times."""
        return f"{self.prefix}due"

    @property
    def due_prefix(self) -> str:
        """What the sorted set of a series' due times begins with; a member of `due_series` follows."""
        return f"{self.prefix}due:"

    def due(self, *series: str) -> str:
        """The sorted set of a series' due times."""
        return f"{self.due_prefix}{series_field(series)}"

    def bucket_prefix(self, grain: Grain) -> str:
        """What a bucket of a grain begins with; its number follows."""
        return f"{self.prefix}{grain.value}:"

    def bucket(self, grain: Grain, number: int) -> str:
        """The hash of a bucket."""
        return f"{self.prefix}{grain.value}:{number}"

    def entity(self, name: str) -> str:
        """The string of an entity by its name (see `entity_name`)."""
        return self.prefix + name


def entity_name(kind: str, key: str) -> str:
    """What an entity is called within a generation."""
    return f"{kind}:{key}"


def kind_of_name(name: str) -> str:
    """The kind of an entity by its name."""
    return name.partition(":")[0]


def id_of_name(name: str) -> str:
    """The id of an entity by its name."""
    return name.partition(":")[2]


def newest_field(grain: Grain) -> str:
    """The ledger's field for the bucket of the newest event."""
    return f"newest:{grain.value}"


def swept_field(grain: Grain) -> str:
    """The ledger's field for the last bucket that was deleted."""
    return f"swept:{grain.value}"


def partition_field(partition: Partition) -> str:
    """The field of a partition."""
    return f"{partition[0]}:{partition[1]}"


def partition_of(field: str) -> Partition:
    """The partition of a field."""
    topic, _, number = field.rpartition(":")
    return topic, int(number)


def due_member(lead: str, enrollment: str) -> str:
    """The member of a step's due times for an enrollment."""
    return f"{lead}{SEPARATOR}{enrollment}"


def of_due_member(member: str) -> tuple[str, str]:
    """The lead and the enrollment of a member of due times; those of MQLs have no enrollment."""
    lead, _, enrollment = member.partition(SEPARATOR)
    return lead, enrollment


def _namespace_prefix(namespace: str) -> str:
    return f"{{{namespace}}}:"
