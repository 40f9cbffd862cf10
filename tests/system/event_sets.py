"""What the system tests send: half a year of events, out of order, with copies and with invalid records."""

import random
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import orjson

from stream_app.demo.simulator import Plan, bad_records, disorder, history, record_key, topic_family

Envelope = dict[str, Any]

FAMILIES = ("lead", "email", "opportunity", "billing", "spend", "survey", "reach")
UNTIL = datetime(2025, 6, 18, 15, 30, tzinfo=UTC)
"""When the history ends. In the past, or the workers would take events for ones from the future."""

MOMENTS = (
    UNTIL,
    UNTIL - timedelta(minutes=100),  # the windows of minutes that end here are still kept
    UNTIL - timedelta(hours=4),  # and these are not
    UNTIL + timedelta(days=13, hours=9),  # the first of a month, here and in America
)
"""Moments at which the windows differ."""

_SEED = 3
# One in so many leads, campaigns and pages is kept; of accounts and survey answers there are few.
_KEPT_ONE_IN = {"lead": 8, "email": 8, "spend": 6, "reach": 12}
# What is bounded and may be shown; all other fields of this kind name one person, company, message or record.
_PUBLIC_FIELDS = frozenset({"program_id", "step_id", "campaign_id", "plan_id", "survey_id"})
_RARE = frozenset({"email.complained", "email.unsubscribed", "subscription.resumed"})


class RecordToSend(NamedTuple):
    """A record to produce."""

    family: str
    key: bytes | None
    value: bytes


@dataclass(frozen=True)
class EventSet:
    """Events, and the records that tell of them; `bad` is the cause of each value that is to be rejected."""

    events: Sequence[Envelope]
    records: Sequence[RecordToSend]
    bad: dict[bytes, str]

    @property
    def secrets(self) -> set[str]:
        """Identifiers of persons, companies, messages and events, which nobody may see."""
        named = {
            value
            for event in self.events
            for name, value in event["data"].items()
            if name.endswith("_id") and name not in _PUBLIC_FIELDS
        }
        return named | {event["id"] for event in self.events}

    def parts(self, count: int) -> list[Sequence[RecordToSend]]:
        """Cut the records into so many pieces of about one length."""
        length = -(-len(self.records) // count)
        return [self.records[start : start + length] for start in range(0, len(self.records), length)]


def large_event_set() -> EventSet:
    """Tell of every kind of event: some thousand records, of which one in ten is a copy and one in a hundred is bad."""
    return _event_set(_events(leads=900, share=1), bad=90)


def small_event_set(bad: int = 0) -> EventSet:
    """Tell of fewer entities, and of so many bad records."""
    return _event_set(_events(leads=900, share=4), bad)


def sent(envelope: Envelope) -> RecordToSend:
    """Write an event as its producer does."""
    return RecordToSend(topic_family(envelope["type"]), record_key(envelope).encode(), orjson.dumps(envelope))


def erasures(event_set: EventSet) -> list[Envelope]:
    """Return erasures of some of the leads, at the end."""
    leads = sorted({event["data"]["lead_id"] for event in event_set.events if event["type"] == "program.step_entered"})
    return [
        {"id": f"erased-{lead}", "type": "lead.erased", "time": UNTIL.isoformat(), "data": {"lead_id": lead}}
        for lead in leads[::10]
    ]


def with_random_keys(records: Iterable[RecordToSend]) -> list[RecordToSend]:
    """Give the same records keys that have nothing to do with their entities."""
    rng = random.Random(_SEED)  # noqa: S311 - the same every time
    return [record._replace(key=rng.randbytes(8)) for record in records]


def _events(leads: int, share: int) -> list[Envelope]:
    # Within the horizon all in all: what is older than that may be forgotten.
    plan = Plan(seed=_SEED, leads=leads, days=182, until=UNTIL, backfill=200, scenario="churn")
    everything = list(history(plan))
    rare = {record_key(event) for event in everything if event["type"] in _RARE}
    kept = [event for event in everything if record_key(event) in rare or _is_kept(event, share)]
    kept += [*_merges(kept), *_second_thoughts(kept)]
    return [_with_personal_reason(event) for event in kept]


def _merges(events: Sequence[Envelope]) -> list[Envelope]:
    """Unite some leads and some accounts, in chains and a circle; their ids are keys of different partitions."""
    found: list[Envelope] = []
    for field, kind in (("lead_id", "lead.merged"), ("account_id", "account.merged")):
        ids = sorted({event["data"][field] for event in events if field in event["data"]})
        some = ids[:: max(len(ids) // 24, 1)]
        pairs = [*pairwise(some[:8]), (some[7], some[0]), *zip(some[8::2], some[9::2], strict=False)]
        for number, (first, second) in enumerate(pairs):
            data = {field: first, "merged_id": second}
            found.append({"id": f"{kind}-{number}", "type": kind, "time": UNTIL.isoformat(), "data": data})
    return found


def _second_thoughts(events: Sequence[Envelope]) -> list[Envelope]:
    """Reopen some opportunities that were decided and delete others, a day later."""
    decided = [event for event in events if event["type"] in {"opportunity.won", "opportunity.lost"}]
    found: list[Envelope] = []
    for number, event in enumerate(decided[::3]):
        time = min(datetime.fromisoformat(event["time"]) + timedelta(days=1), UNTIL).isoformat()
        if number % 2:
            found.append(event | {"id": f"reopened-{number}", "type": "opportunity.reopened", "time": time})
        else:
            data = {name: event["data"][name] for name in ("account_id", "opportunity_id")}
            found.append({"id": f"deleted-{number}", "type": "opportunity.deleted", "time": time, "data": data})
    return found


def _with_personal_reason(event: Envelope) -> Envelope:
    """Give a reason what may stand in free text."""
    if event["type"] != "lead.status_changed":
        return event
    return {**event, "data": {**event["data"], "reason": "told anna.smith@example.com"}}


def _is_kept(event: Envelope, share: int) -> bool:
    every = _KEPT_ONE_IN.get(topic_family(event["type"]), 1) * share
    return zlib.crc32(record_key(event).encode()) % every == 0


def _event_set(events: list[Envelope], bad: int) -> EventSet:
    rng = random.Random(_SEED)  # noqa: S311 - the same every time
    records = [sent(event) for event in disorder(events, _SEED)]
    rejected = dict(bad_records(_SEED, bad))
    for value in rejected:
        wrong = RecordToSend(rng.choice(FAMILIES), rng.randbytes(4), value)
        records.insert(rng.randrange(len(records)), wrong)
    return EventSet(events, records, rejected)
