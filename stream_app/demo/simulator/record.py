"""What a producer sends: the records of a world, bad ones included where the plan wants them."""

from collections.abc import Iterable, Iterator
from itertools import count
from typing import NamedTuple

import orjson

from stream_app.demo.simulator.bad_records import bad_records
from stream_app.demo.simulator.event_log import Data
from stream_app.demo.simulator.plan import Plan
from stream_app.demo.simulator.rng import happens, seeded_rng
from stream_app.demo.simulator.topic import record_key, topic_family

_BAD_SHARE = 0.08
_BATCH = 1000


class Record(NamedTuple):
    """A record to send: the family of its topic ("lead", "email" ...), its key, and its value, which has no newline."""

    family: str
    key: bytes
    value: bytes


def records(plan: Plan, envelopes: Iterable[Data]) -> Iterator[Record]:
    """Yield the records of envelopes, in their order; in the scenario `bad-producer` bad ones come in between."""
    if plan.scenario != "bad-producer":
        yield from map(_record, envelopes)
        return
    rng = seeded_rng(plan.seed, "bad-producer")
    bad = (value for batch in count() for value, _ in bad_records(plan.seed + batch, _BATCH))
    for envelope in envelopes:
        record = _record(envelope)
        yield record
        if happens(rng, _BAD_SHARE):
            yield record._replace(value=next(bad))


def _record(envelope: Data) -> Record:
    return Record(topic_family(envelope["type"]), record_key(envelope).encode(), orjson.dumps(envelope))
