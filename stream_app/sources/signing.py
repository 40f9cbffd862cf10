"""Whether a request comes from its source: one verifier for all declarations of signatures."""

import binascii
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from functools import cache
from hmac import compare_digest, digest
from typing import Final
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from stream_app.sources.source import Ecdsa, Hmac, InBody, Request, Signature, StandardWebhooks, Unsigned

NO_SECRET: Final = "no secret"  # noqa: S105 - a reason, no secret
NO_SIGNATURE: Final = "no signature"
NO_TIME: Final = "no time"
WRONG_TIME: Final = "time out of tolerance"
MISMATCH: Final = "signature does not match"

REASONS = (NO_SECRET, NO_SIGNATURE, NO_TIME, WRONG_TIME, MISMATCH)
"""Why a request is not believed: few, so that they can be a label."""

_MAX_FIELDS = 1000
_DIGITS = re.compile(r"[0-9]{1,15}")
_UNIT_MS = {"s": 1000, "ms": 1}

_DECODED = {"3A": ":", "2F": "/", "3F": "?", "40": "@", "21": "!", "24": "$", "27": "'", "28": "(", "29": ")"} | {
    "2A": "*",
    "2C": ",",
    "3B": ";",
}
"""The escapes of a URL that HubSpot decodes before it signs.

https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation
"""

_ESCAPE = re.compile(f"%({'|'.join(_DECODED)})", re.IGNORECASE)

_STANDARD_SECRET = "whsec_"  # noqa: S105 - the prefix of secrets, none of them


def verify(signature: Signature, request: Request, secrets: Sequence[str], now_ms: int) -> str | None:
    """None if one of the secrets signed the request, else why it is not believed: one of `REASONS`.

    Several secrets are accepted so that they can be replaced one by one. Nothing of the request is in the reason.
    """
    accepted = [secret for secret in secrets if secret]
    if not accepted:
        return NO_SECRET
    match signature:
        case Hmac():
            return _hmac(signature, request, accepted, now_ms)
        case StandardWebhooks():
            return _standard_webhooks(signature, request, accepted, now_ms)
        case Ecdsa():
            return _ecdsa(signature, request, accepted, now_ms)
        case InBody():
            return _in_body(signature, request, accepted, now_ms)
        case Unsigned():
            return _unsigned(request, accepted)


def _hmac(signature: Hmac, request: Request, secrets: Sequence[str], now_ms: int) -> str | None:
    parts = _parts(request.headers.get(signature.header, ""))
    given = parts.get(signature.part, []) if signature.part else [request.headers.get(signature.header, "").strip()]
    if not any(given):
        return NO_SIGNATURE
    written = request.headers.get(signature.timestamp_header, "")
    if signature.timestamp_part:
        written = next(iter(parts.get(signature.timestamp_part, [])), "")
    if reason := _time(written, signature.timestamp_unit, signature.tolerance_s, now_ms):
        return reason
    signed = b"".join(_signed(each, request, written) for each in signature.signed)

    def expected(secret: str) -> bytes:
        made = digest(secret.encode(), signed, signature.digest)
        return made.hex().encode() if signature.encoding == "hex" else b64encode(made)

    return _one_of(given if signature.encoding == "base64" else [each.lower() for each in given], expected, secrets)


def _signed(part: str, request: Request, written: str) -> bytes:
    match part:
        case "body":
            return request.body
        case "url":
            return _bytes(_ESCAPE.sub(lambda found: _DECODED[found[1].upper()], request.url))
        case "method":
            return _bytes(request.method)
        case "timestamp":
            return _bytes(written)
        case _:
            return _bytes(part.removeprefix("="))


def _standard_webhooks(
    signature: StandardWebhooks, request: Request, secrets: Sequence[str], now_ms: int
) -> str | None:
    """https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md."""
    message, written, header = (
        request.headers.get(f"{signature.prefix}-{name}", "") for name in ("id", "timestamp", "signature")
    )
    given = [each.removeprefix("v1,") for each in header.split() if each.startswith("v1,")]
    if not message or not any(given):
        return NO_SIGNATURE
    if reason := _time(written, "s", signature.tolerance_s, now_ms):
        return reason
    signed = _bytes(f"{message}.{written}.") + request.body
    return _one_of(given, lambda secret: b64encode(digest(_standard_secret(secret), signed, "sha256")), secrets)


def _standard_secret(secret: str) -> bytes:
    text = secret.removeprefix(_STANDARD_SECRET)
    try:
        return b64decode(text, validate=True)
    except binascii.Error:
        return text.encode()


def _ecdsa(signature: Ecdsa, request: Request, secrets: Sequence[str], now_ms: int) -> str | None:
    try:
        given = b64decode(request.headers.get(signature.header, ""))
    except (binascii.Error, ValueError):
        return NO_SIGNATURE
    if not given:
        return NO_SIGNATURE
    written = request.headers.get(signature.timestamp_header, "")
    if reason := _time(written, "s", signature.tolerance_s, now_ms):
        return reason
    signed = _bytes(written) + request.body
    return None if any(_is_signed_by(_public_key(secret), given, signed) for secret in secrets) else MISMATCH


@cache
def _public_key(secret: str) -> EllipticCurvePublicKey | None:
    try:
        key = load_der_public_key(b64decode(secret))
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1) else None


def _is_signed_by(key: EllipticCurvePublicKey | None, given: bytes, signed: bytes) -> bool:
    if key is None:
        return False
    try:
        key.verify(given, signed, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _in_body(signature: InBody, request: Request, secrets: Sequence[str], now_ms: int) -> str | None:
    written, token, given = _signature_fields(request.body)
    if not (isinstance(token, str) and isinstance(given, str) and given and isinstance(written, str | int)):
        return NO_SIGNATURE
    if reason := _time(str(written), "s", signature.tolerance_s, now_ms):
        return reason
    signed = _bytes(f"{written}{token}")
    return _one_of([given.lower()], lambda secret: digest(secret.encode(), signed, "sha256").hex().encode(), secrets)


def _signature_fields(body: bytes) -> tuple[object, object, object]:
    """Time, token and signature in the object `signature`, or as fields of a form, as legacy webhooks had them."""
    try:
        found = json.loads(body)["signature"]
    except (TypeError, KeyError, IndexError, RecursionError):
        return None, None, None
    except ValueError:
        found = _form(body)
    fields = found if isinstance(found, dict) else {}
    return fields.get("timestamp"), fields.get("token"), fields.get("signature")


def _form(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode("ascii"), max_num_fields=_MAX_FIELDS))
    except ValueError:
        return {}


def _unsigned(request: Request, secrets: Sequence[str]) -> str | None:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    token = request.url.partition("?")[0].rstrip("/").rpartition("/")[2]
    given = credentials.strip() if scheme.lower() == "basic" else token

    def expected(secret: str) -> bytes:
        # A user and a password never stand in the path, a token never in the header.
        is_basic = ":" in secret
        if is_basic != (scheme.lower() == "basic"):
            return b""
        return b64encode(secret.encode()) if is_basic else secret.encode()

    return _one_of([given], expected, secrets) if given else NO_SIGNATURE


def _parts(header: str) -> dict[str, list[str]]:
    """The fields of a header such as `t=1,v1=abc,v1=def`."""
    found: dict[str, list[str]] = {}
    for field in header.split(","):
        name, _, value = field.strip().partition("=")
        found.setdefault(name, []).append(value)
    return found


def _time(written: str, unit: str, tolerance_s: int | None, now_ms: int) -> str | None:
    """Why the signed time is not accepted."""
    if tolerance_s is None:
        return None
    if not _DIGITS.fullmatch(written):
        return NO_TIME
    return WRONG_TIME if abs(now_ms - int(written) * _UNIT_MS[unit]) > tolerance_s * 1000 else None


def _one_of(given: Sequence[str], expected: Callable[[str], bytes], secrets: Sequence[str]) -> str | None:
    candidates = list(map(_bytes, given))
    allowed = [made for secret in secrets if (made := expected(secret))]
    return None if any(compare_digest(one, other) for one in candidates for other in allowed) else MISMATCH


def _bytes(text: str) -> bytes:
    """What no encoding has, as a header may, matches nothing."""
    return text.encode("utf-8", "replace")
