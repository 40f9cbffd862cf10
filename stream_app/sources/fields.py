"""Values out of JSON of any shape, as the contract has them: what does not fit is None, nothing raises."""

import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from stream_app.core.envelope import AT_SIGNS, UNPRINTABLE
from stream_app.sources.amounts import LARGEST_AMOUNT, minor_units
from stream_app.sources.identity import event_id, hashed

MAX_LABEL = 64
MAX_FREE_TEXT = 1024

_FORBIDDEN = re.compile(f"[{AT_SIGNS}{UNPRINTABLE}]")
_AT_SIGN = re.compile(f"[{AT_SIGNS}]")


def elements(body: bytes) -> list[bytes] | None:
    """The elements of a JSON array, each with the bytes as they came; None if it is no array."""
    try:
        return [bytes(each) for each in msgspec.json.decode(body, type=list[msgspec.Raw])]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def mapping(value: object) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str | None:
    """A text or a whole number as text, without blanks around it; None if nothing is left."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, str | int):
        return None
    return str(value).strip() or None


def texts(value: object) -> tuple[str, ...]:
    """The texts of a list, or the one that stands in the place of a list."""
    values = value if isinstance(value, list) else [value]
    return tuple(found for found in map(text, values) if found)


def identifier(value: object) -> str | None:
    """A text as an id of the contract, see `identity.event_id`."""
    found = text(value)
    return None if found is None else event_id(found)


def digest(value: str | bytes) -> str:
    """26 characters (130 bits) of a SHA-256 in lower-case base32."""
    return hashed(value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass"))


def label(value: object) -> str | None:
    """A text that the contract takes as a label; None if it is too long or has an @."""
    found = text(value)
    return found if found and len(found) <= MAX_LABEL and not _FORBIDDEN.search(found) else None


def free_text(value: object) -> str | None:
    """A text that goes nowhere but into the log; None if it is too long or has an @."""
    found = text(value)
    return found if found and len(found) <= MAX_FREE_TEXT and not has_at_sign(found) else None


def has_at_sign(value: str) -> bool:
    """Whether a text has what stands for the @ of an e-mail address."""
    return bool(_AT_SIGN.search(value))


def amount(value: object, currency: str) -> int | None:
    """An amount in the main unit of a currency as the contract takes it: minor units from 0 to 10^14."""
    found = minor_units(value, currency)
    return found if found is not None and 0 <= found <= LARGEST_AMOUNT else None


def number(value: object) -> float | None:
    """A number, or a text that is one; None if it is not finite."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None
