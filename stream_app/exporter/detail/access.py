"""Who may see pages that hold identifiers."""

import hmac
from base64 import b64decode
from binascii import Error
from http import HTTPStatus

from stream_app.clients.http import Page

__all__ = ["UNAUTHORIZED", "is_admitted"]

UNAUTHORIZED = Page(
    b"these pages need the token: as the password of any user, or as 'Authorization: Bearer TOKEN'\n",
    "text/plain",
    HTTPStatus.UNAUTHORIZED,
    headers=(("WWW-Authenticate", 'Basic realm="stream-app", charset="UTF-8"'),),
)


def is_admitted(authorization: str, token: str) -> bool:
    """Whether a request presents the token: as the password of HTTP Basic (RFC 7617), or as a bearer's (RFC 6750)."""
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            given = b64decode(given, validate=True).decode().partition(":")[2]
        except (Error, UnicodeDecodeError):
            return False
    elif scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(given.strip().encode(), token.encode())
