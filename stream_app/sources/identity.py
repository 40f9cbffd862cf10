"""Ids of persons from addresses, and ids that sources write in two ways."""

import re
import unicodedata
from base64 import b32encode
from hashlib import sha256
from hmac import digest

from stream_app.core.envelope import AT_SIGNS, UNPRINTABLE

_PERSON = b"stream-app/person/1\0"
_ALIAS_LENGTH = 26
"""130 bits in base32."""

_LONGEST_ADDRESS = 254
_LONGEST_LOCAL = 64
_BRACKETED = re.compile(r"[^<>]*<([^<>]*)>\s*")
_LOCAL = re.compile(rf'[^\s{AT_SIGNS}<>()\[\]:;,\\"{UNPRINTABLE}\ud800-\udfff]+')
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")

_LONGEST_ID = 128
_AT_SIGN = re.compile(f"[{AT_SIGNS}]")

_SALESFORCE = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
_SALESFORCE_BASE = 15
_CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def normalize(address: str) -> str | None:
    """An e-mail address in the one form that is hashed: NFC, lower case, domain in ASCII (IDNA); None if it is none.

    A display name and angle brackets are dropped. Dots and plus signs stay: what they mean differs by host. Domains are
    written by IDNA of 2003, whose tables never change: ids are made once and for good.
    """
    text = address.strip()
    if bracketed := _BRACKETED.fullmatch(text):
        text = bracketed[1].strip()
    local, at, domain = unicodedata.normalize("NFC", text.lower()).rpartition("@")
    if not at or len(local) > _LONGEST_LOCAL or not _LOCAL.fullmatch(local):
        return None
    try:
        ascii_domain = domain.encode("idna").decode().lower()
    except UnicodeError:
        return None
    labels = ascii_domain.split(".")
    if len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)):  # noqa: PLR2004 - a host below a top-level domain
        return None
    normal = f"{local}@{ascii_domain}"
    return normal if len(normal) <= _LONGEST_ADDRESS else None


def alias(key: bytes, address: str) -> str | None:
    """The lead id of a person by an e-mail address: a keyed hash, so that nobody without the key can try addresses.

    None if it is no address.
    """
    normal = normalize(address)
    if normal is None:
        return None
    return f"p-{_base32(digest(key, _PERSON + normal.encode(), 'sha256'))}"


def key_fingerprint(key: bytes) -> str:
    """What tells identity keys apart without giving them away: 8 hexadecimal digits."""
    return sha256(key).hexdigest()[:8]


def event_id(text: str) -> str:
    """A source's own id as an id of the contract: what is too long or contains an `@` becomes its hash.

    That is `h-` and the first 130 bits of SHA-256 in base32 (RFC 4648, in lower case).
    """
    if 0 < len(text) <= _LONGEST_ID and not _AT_SIGN.search(text) and text.isprintable():
        return text
    return f"h-{hashed(text.encode('utf-8', 'surrogatepass'))}"


def sf18(identifier: str) -> str | None:
    """A Salesforce id in its 18 characters, which do not depend on case alone; None if it is none.

    https://help.salesforce.com/s/articleView?id=000385585: each of the three last characters says which of five
    characters are capital letters, so those of an id whose case got lost are restored.
    """
    if not _SALESFORCE.fullmatch(identifier):
        return None
    base, checksum = identifier[:_SALESFORCE_BASE], identifier[_SALESFORCE_BASE:].upper()
    if not checksum:
        capitals = [sum(1 << bit for bit, each in enumerate(chunk) if each.isupper()) for chunk in _fives(base)]
        return base + "".join(_CHECKSUM[each] for each in capitals)
    if not set(checksum) <= set(_CHECKSUM):
        return None
    return "".join(_with_capitals(*pair) for pair in zip(_fives(base), checksum, strict=True)) + checksum


def _fives(base: str) -> list[str]:
    return [base[start : start + 5] for start in range(0, _SALESFORCE_BASE, 5)]


def _with_capitals(chunk: str, checksum: str) -> str:
    capitals = _CHECKSUM.index(checksum)
    return "".join(each.upper() if capitals >> bit & 1 else each.lower() for bit, each in enumerate(chunk))


def hashed(raw: bytes) -> str:
    """The first 130 bits of SHA-256 in base32, in lower case."""
    return _base32(sha256(raw).digest())


def _base32(raw: bytes) -> str:
    return b32encode(raw).decode().lower()[:_ALIAS_LENGTH]
