"""Which right an authorization error of Kafka is about: its clients say the resource at most, and no operation."""

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["needed", "needing"]

_SUFFIX = "AuthorizationFailedError"


@contextmanager
def needing(operation: str, resource: str) -> Iterator[None]:
    """Note on an authorization error that passes which right it is about, as in `READ` on `topic lifecycle.lead`."""
    try:
        yield
    except Exception as error:
        if type(error).__name__.endswith(_SUFFIX) and not needed(error):
            error.add_note(f"{operation} on {resource}")
        raise


def needed(error: BaseException) -> str:
    """The right that was noted; "" if none was."""
    return ", ".join(getattr(error, "__notes__", ()))
