"""The inbox: what was posted, item by item and as it came, so that it can be mapped again.

A record's key is the source and the item's id, its value the raw item, and its headers say what became of it. It holds
personal data, as the dead letters do.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from stream_app.admin.topics import INBOX
from stream_app.clients.settings import Settings
from stream_app.intake.mapping import LARGEST_ITEM_BYTES, Mapped, Result
from stream_app.sources.source import Item

__all__ = ["InboxItem", "inbox_item", "inbox_note", "inbox_record", "inbox_topic"]

_SIZE = "size"
_NOTE = "note"


@dataclass(frozen=True, slots=True)
class InboxItem:
    """An item as the inbox has it. `reason` is why it is no event, "" if it is one; `size` that of the raw item.

    A note says what became of an item before it that was mapped again, and has no content.
    """

    source: str
    item: Item
    result: Result
    reason: str
    size: int
    is_note: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether it can be mapped again."""
        return len(self.item.raw) == self.size


def inbox_topic(settings: Settings) -> str:
    """The full name of the topic."""
    return settings.topic(INBOX)


def inbox_record(source: str, mapped: Mapped) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """Key, value and headers of an item's record."""
    value, headers = mapped.item.raw, _headers(source, mapped)
    if len(value) > LARGEST_ITEM_BYTES:
        headers += [(_SIZE, b"%d" % len(value)), ("sha256", hashlib.sha256(value).hexdigest().encode())]
        value = b""
    return _key(source, mapped.item), value, headers


def inbox_note(before: InboxItem, mapped: Mapped) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """Key, value and headers of a note on an item that was mapped again; it follows the item in its partition."""
    headers = [*_headers(before.source, replace(mapped, item=before.item)), (_SIZE, b"%d" % before.size), (_NOTE, b"1")]
    return _key(before.source, before.item), b"", headers


def inbox_item(record: Any) -> InboxItem | None:  # noqa: ANN401 - aiokafka has no types
    """The item that a record is; None for one that somebody else has put there."""
    about = {name: value.decode("utf-8", "replace") for name, value in record.headers if value is not None}
    try:
        item = Item(about["item"], record.value or b"", int(about["received"]))
        size = int(about.get(_SIZE, len(item.raw)))
        return InboxItem(about["source"], item, Result(about["outcome"]), about["reason"], size, _NOTE in about)
    except (KeyError, ValueError):
        return None


def _key(source: str, item: Item) -> bytes:
    return f"{source}:{item.id}".encode()


def _headers(source: str, mapped: Mapped) -> list[tuple[str, bytes]]:
    return [
        ("source", source.encode()),
        ("item", mapped.item.id.encode()),
        ("received", b"%d" % mapped.item.received),
        ("outcome", mapped.result.encode()),
        ("reason", mapped.reason.encode()),
    ]
