"""Which right an authorization error of Kafka is about: its clients say the resource at most, and no operation."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = ["Right", "needed", "needing", "note"]

_SUFFIX = "AuthorizationFailedError"
_ATTRIBUTE = "stream_app_right"


@dataclass(frozen=True, slots=True)
class Right:
    """An operation on resources of one kind, all by their names in Kafka's ACLs."""

    operation: str
    kind: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        """As in `READ on topic lifecycle.lead`."""
        return f"{self.operation} on {self.kind} {', '.join(self.names)}"

    def command(self, brokers: str, user: str) -> str:
        """Return the command that gives it to a user."""
        named = " ".join(f"--{self.kind} {name}" for name in self.names)
        add = f"kafka-acls.sh --bootstrap-server {brokers} --add --allow-principal User:{user}"
        return f"{add} --operation {self.operation} {named}"


@contextmanager
def needing(operation: str, kind: str, *names: str) -> Iterator[None]:
    """Note on an authorization error that passes which right it is about; if it names some of `names`, only these."""
    try:
        yield
    except Exception as error:
        note(error, operation, kind, *names)
        raise


def note(error: Exception, operation: str, kind: str, *names: str) -> None:
    """Note it on one error, unless that is about something else or has a note."""
    if type(error).__name__.endswith(_SUFFIX) and needed(error) is None:
        said = " ".join(map(str, error.args)).replace("'", " ").replace(",", " ").replace(":", " ").split()
        about = tuple(sorted(set(names) & set(said) or names))
        setattr(error, _ATTRIBUTE, Right(operation, kind, about))


def needed(error: BaseException) -> Right | None:
    """The right that was noted; None if none was."""
    found: Right | None = getattr(error, _ATTRIBUTE, None)
    return found
