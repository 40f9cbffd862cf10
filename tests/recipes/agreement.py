"""Whether the product and both recounts agree on the examples of one metric; prints who does not know it."""

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from stream_app.audit import Recount
from stream_app.core.envelope import milliseconds
from stream_app.examples import EXAMPLES
from stream_app.spec.example import moment
from stream_app.spec.metric import PREFIX
from tests.laws.memory import MemoryStore
from tests.oracle import recount

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def disagreements(metric: str) -> list[str]:
    """Name every count of the metric's examples that is not the product's."""
    found = []
    for example in (example for example in EXAMPLES if metric in example.explains):
        events, as_of = example.events(), moment(example.as_of)
        store = MemoryStore(example.timezone)
        store.apply(events)
        product = _of(metric, store.samples(milliseconds(as_of), example.series_limit))
        if not product:
            found.append(f"{example.title}: declared, but no entity emits {metric}")
        if _of(metric, recount(events, as_of=as_of, timezone=example.timezone)) != product:
            found.append(f"{example.title}: tests/oracle does not count {metric} as the product does")
        if _of(metric, _audited(events, example.timezone, example.as_of)) != product:
            found.append(f"{example.title}: stream_app/audit does not count {metric} as the product does")
    return found


def _audited(events: Iterable[dict[str, Any]], timezone: str, as_of: str) -> Mapping[Any, float]:
    with Recount(timezone=timezone) as audit:
        audit.add(events)
        return audit.samples(moment(as_of))


def _of(metric: str, samples: Mapping[Any, float]) -> Samples:
    return {key: value for key, value in samples.items() if key[0] == PREFIX + metric and value}


if __name__ == "__main__":
    sys.exit("\n".join(disagreements(sys.argv[1])) or 0)
