"""What a source of events is: its declarations, and pure functions from a request to events."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

import msgspec

Event = dict[str, Any]
"""The envelope of an event as `docs/events.md` has it."""


class SourceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `sources.toml` may say of any source; each source adds its own."""

    secret_file: str = ""
    """A file with one accepted secret a line."""
    unsigned: bool = False
    """Take requests without a signature: only for a network where nobody else can send."""
    test: bool = False
    """Take what the source marks as a test, too."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was posted: the names of headers in lower case, the body as it came."""

    method: str
    url: str
    """The public URL, with its query: some sources sign it."""
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of a request that may be several events: what the inbox keeps, and what is mapped again."""

    id: str
    """The same for every delivery of this item; without personal data."""
    raw: bytes
    received: int
    """When it came, in milliseconds: for the inbox only, no event may depend on it."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """Why a request cannot be split into items. Names fields and rules, never values."""

    reason: str


@dataclass(frozen=True, slots=True)
class Parked:
    """An item that we want and cannot say yet. `reason` is one of the source's own few words, `field` where it lies."""

    reason: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Ignored:
    """An item that we know and that is none of our business."""

    reason: str


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A field that an event would have had if the source had sent it: counted, see `Source.missing`."""

    field: str


Outcome = Event | Parked | Ignored | Incomplete

S = TypeVar("S", bound=SourceSettings)


@dataclass(frozen=True, slots=True)
class Context(Generic[S]):
    """What an adapter needs besides the item: settings, and how an address becomes an id."""

    settings: S
    person: Callable[[str], str | None]
    """The lead id of an e-mail address, see `identity.alias`; None if it is no address."""
    account_key: str = "account_id"
    """The field of a source's metadata that holds our account id."""


@dataclass(frozen=True, slots=True)
class Hmac:
    """A signature by a shared secret over a text that is made from the request.

    `signed` is what is signed, in order: `body`, `url` (with the escapes decoded that HubSpot names: it is the one
    vendor here that signs it), `method`, `timestamp`, or a literal text after `=`.
    `part` is the field of a header such as `t=1,v1=abc` that holds the signature, `timestamp_part` the time.
    """

    header: str
    digest: Literal["sha1", "sha256"]
    encoding: Literal["hex", "base64"]
    signed: tuple[str, ...] = ("body",)
    part: str = ""
    timestamp_header: str = ""
    timestamp_part: str = ""
    timestamp_unit: Literal["s", "ms"] = "s"
    tolerance_s: int | None = None
    """How far the signed time may be from now; None where no time is signed."""


@dataclass(frozen=True, slots=True)
class StandardWebhooks:
    """The signature of https://www.standardwebhooks.com; `prefix` is that of its headers, such as `svix`."""

    prefix: str = "webhook"
    tolerance_s: int = 300


@dataclass(frozen=True, slots=True)
class Ecdsa:
    """A signature by a private key over time and body, P-256, SHA-256; its public key (base64 DER) is the secret."""

    header: str
    timestamp_header: str
    tolerance_s: int | None = None


@dataclass(frozen=True, slots=True)
class InBody:
    """A signature that stands in the body over a time and a token there (Mailgun): the rest is not signed."""

    tolerance_s: int | None = None


@dataclass(frozen=True, slots=True)
class Unsigned:
    """The source signs nothing: Basic auth (`user:password` as the secret), or a token as the last part of the path."""


Signature = Hmac | StandardWebhooks | Ecdsa | InBody | Unsigned


@dataclass(frozen=True, slots=True)
class Limits:
    """What a request may have."""

    body_bytes: int = 1024 * 1024
    items: int = 1000
    answer_s: float = 3.0
    """Within how many seconds the answer has to leave: less than the sender waits."""


@dataclass(frozen=True, slots=True)
class Replies:
    """What the sender expects for an answer."""

    ok: int = 200
    bad_signature: int = 401
    retry_after: str = "30"
    """The header of a 503; some senders read it in milliseconds."""


@dataclass(frozen=True, slots=True)
class Read:
    """A row of the table of a source: what of the input becomes what of ours; `becomes` is empty if it is ignored."""

    input: str
    becomes: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """What the payloads of a source do not have, what that does to the numbers, and what to do about it."""

    field: str
    effect: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class Source(Generic[S]):
    """A source by its declarations; `split` and `events` never raise, whatever the bytes are."""

    name: str
    """Its name in `sources.toml` and in the path `/in/<name>`."""
    title: str
    """The vendor's own name."""
    signature: Signature
    settings: type[S]
    split: Callable[[Request, int], list[Item] | Malformed]
    """The items of a request that came at a time in milliseconds; nothing is interpreted."""
    events: Callable[[Item, Context[S]], list[Outcome]]
    """What an item says, each event with the same id whenever and however often the item comes."""
    limits: Limits = field(default_factory=Limits)
    replies: Replies = field(default_factory=Replies)
    reads: tuple[Read, ...]
    missing: tuple[Missing, ...] = ()
    is_own: bool = False
    """Whether its events are the sender's own: one that the worker refuses is the sender's mistake, no bug of ours."""
    newest_version: str = ""
    """The newest version of the vendor's API whose items have all that is read; the text begins with its date."""
    version: Callable[[Item], str] | None = None
    """The version of the vendor's API that an item follows, "" if it does not say."""
    steps: tuple[str, ...]
    """How to set it up, in the vendor's own menu names: Markdown, one numbered step each."""
